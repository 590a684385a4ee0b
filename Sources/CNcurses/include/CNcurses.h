// Shim over wide ncurses (libncurses-dev). Macros, globals and varargs that Swift cannot import become functions here,
// and so do the few things a front must do around ncurses: signals, and putting the terminal back after a crash.
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

/// Starts ncurses for terminal type `term` on the terminal behind `tty`, reading keys from `input`; afterwards all output
/// goes to `sink` instead of the terminal. `output` is a descriptor of the caller's that ncurses writes to: it must be a
/// duplicate of the terminal's and is redirected to `sink` once the terminal's modes are set.
/// Returns false if ncurses does not know the terminal type or cannot use it.
bool ocn_screen_open(const char *term, int output, int input, int sink);
/// Ends curses mode: what restores the terminal goes to the sink. Output may go on with ocn_screen_resume.
void ocn_screen_suspend(void);
/// After a suspension, or when something else wrote to the terminal: the next update paints everything.
void ocn_screen_repaint(void);
/// Frees ncurses' screen. Nothing of ncurses may be called afterwards but ocn_screen_open.
void ocn_screen_close(void);
void ocn_screen_resize(int rows, int columns);
/// Puts `count` cells at a place of the standard screen.
void ocn_put_cells(int row, int column, const OCNCell *cells, int count);
/// Puts the cursor at a place and shows it, or hides it when row is negative.
void ocn_cursor(int row, int column);
/// Writes the difference to the sink.
void ocn_update(void);
/// Forgets every colour pair.
void ocn_reset_pairs(void);
int ocn_color_count(void);
int ocn_pair_count(void);
bool ocn_default_colors(void);
void ocn_mouse(bool on);

// ---- Keys ----------------------------------------------------------------------------------------------------------

typedef enum { OCN_NO_KEY, OCN_CHARACTER, OCN_FUNCTION, OCN_MOUSE } OCNKeyKind;

typedef struct {
  OCNKeyKind kind;
  /// A Unicode scalar, a KEY_ code of ncurses, or for the mouse: 1 left, 2 middle, 3 right, 4 wheel up, 5 wheel down.
  int32_t value;
  int32_t column, row;
} OCNKey;

/// The next key, without waiting. `key->kind` is OCN_NO_KEY when there is none.
void ocn_next_key(OCNKey *key);
/// Gives a byte sequence of the terminal's a key code of its own (define_key(3)).
void ocn_define_key(const char *sequence, int code);

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
/// The columns that a character takes on the screen; negative for control characters (wcwidth(3)).
int ocn_columns_of(uint32_t scalar);

// ---- Signals -------------------------------------------------------------------------------------------------------

/// Watches signals for a program that owns the terminal `tty`.
///
/// Signals that ask for something (window size, stop, every one that would end the process) write their number as one
/// byte to `wake`; if a second one that ends the process comes while the first is unanswered, the process ends at once.
/// Faults (SIGSEGV, SIGILL, SIGTRAP, …) and that second signal first write `restore` to the terminal, set its modes back
/// to what they were at this call, put `standard_error` back on descriptor 2, and then end the process by the same
/// signal.
void ocn_guard_install(int tty, int wake, int standard_error, const char *restore, size_t count);
/// Stops the process as SIGTSTP does by default; returns when it is continued.
void ocn_guard_stop_process(void);
/// Puts back the handlers that were there before.
void ocn_guard_remove(void);
