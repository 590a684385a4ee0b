// Shim over wide ncurses (libncurses-dev). Macros and varargs that Swift cannot import become functions here.
#pragma once
#define NCURSES_WIDECHAR 1
#define NCURSES_NOMACROS 1
#ifndef _XOPEN_SOURCE_EXTENDED
#define _XOPEN_SOURCE_EXTENDED 1
#endif
#include <curses.h>
#include <term.h>
