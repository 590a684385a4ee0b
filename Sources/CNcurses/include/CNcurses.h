// Shim over wide ncurses (libncurses-dev): functions for macros, globals and varargs that Swift cannot import, signal
// handlers, and the restoration of the terminal after a crash.
#pragma once
#define NCURSES_WIDECHAR 1
#define NCURSES_NOMACROS 1
#ifndef _XOPEN_SOURCE_EXTENDED
#define _XOPEN_SOURCE_EXTENDED 1
#endif
#include <curses.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// ---- The screen ----------------------------------------------------------------------------------------------------

/// One cell to draw. `pair` is an extended colour pair.
typedef struct {
  uint32_t scalar;
  int32_t pair;
  uint32_t attributes;
} OCNCell;

/// Bits of OCNCell.attributes.
enum { OCN_BOLD = 1, OCN_DIM = 2, OCN_UNDERLINE = 4, OCN_REVERSE = 8, OCN_ITALIC = 16 };

/// Starts ncurses for terminal type `term`, for output only: it reads nothing from `input`. `output` must be a duplicate of
/// the terminal's descriptor; ncurses takes ownership of it. Once the terminal's modes are set, it is redirected to `sink`,
/// so that all further output goes there. Returns false if ncurses does not know the terminal type or cannot use it.
bool ocn_screen_open(const char *term, int output, int input, int sink);
/// Ends curses mode: writes the bytes that restore the terminal to the sink. The next ocn_update enters it again.
void ocn_screen_suspend(void);
/// Makes the next update repaint everything: after a suspension, or when something else wrote to the terminal.
void ocn_screen_repaint(void);
/// Frees the screen of ncurses. Only ocn_screen_open may be called afterwards.
void ocn_screen_close(void);
/// Changes the size of the standard screen.
void ocn_screen_resize(int rows, int columns);
/// Puts `count` cells on the standard screen, from a place rightwards.
void ocn_put_cells(int row, int column, const OCNCell *cells, int count);
/// Shows the cursor at a place, or hides it when `row` is negative.
void ocn_cursor(int row, int column);
/// Writes the changes since the last update to the sink.
void ocn_update(void);
/// Drops all colour pairs.
void ocn_reset_pairs(void);
/// Numbers of colours and of colour pairs; 0 on a terminal without colours.
int ocn_color_count(void);
int ocn_pair_count(void);
/// Whether pairs may use -1 for the terminal's default colours.
bool ocn_default_colors(void);

// ---- Terminal descriptions -----------------------------------------------------------------------------------------

/// Names of the terminfo capabilities by index, NULL past the end.
const char *ocn_boolean_name(int index);
const char *ocn_number_name(int index);
const char *ocn_string_name(int index);
/// Whether the description has that boolean capability.
bool ocn_boolean_capability(const char *name);
/// The number capability of that name, negative when absent.
int ocn_number_capability(const char *name);
/// The string capability of that name, or NULL when absent.
const char *ocn_string_capability(const char *name);
/// Loads the description of a terminal type; false if it is unknown.
bool ocn_load_description(const char *term, int tty);
/// Columns of a character on the screen; negative for control characters (wcwidth(3)).
int ocn_columns_of(uint32_t scalar);

// ---- Signals -------------------------------------------------------------------------------------------------------

/// Watches signals for a program that owns the terminal `tty`.
///
/// Requests (window size, stop, continue, every signal that would end the process) write their number as one byte to
/// `wake`. A second signal that would end the process ends it at once. Faults (SIGSEGV, SIGILL, SIGTRAP, …) and that
/// second signal write `restore` to the terminal, restore its modes at the time of this call, restore `standard_error` on
/// descriptor 2, and end the process by the same signal.
void ocn_guard_install(int tty, int wake, int standard_error, const char *restore, size_t count);
/// Stops the process as SIGTSTP does by default; returns when it is continued.
void ocn_guard_stop_process(void);
/// Restores the previous handlers.
void ocn_guard_remove(void);
/// Restores the terminal as the fault handlers do, if they are installed: for a process that ends without a signal. Calls
/// only functions that a signal handler may call.
void ocn_guard_put_back(void);
