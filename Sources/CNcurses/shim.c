#define _GNU_SOURCE
#include "CNcurses.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

static SCREEN *screen;
static FILE *output_stream, *input_stream;
static bool default_colors;

bool ocn_screen_open(const char *term, int output, int input, int sink) {
  output_stream = fdopen(output, "w");
  input_stream = fdopen(dup(input), "r");
  if (!output_stream || !input_stream) return false;
  screen = newterm(term, output_stream, input_stream);
  if (!screen) {
    fclose(output_stream);
    fclose(input_stream);
    return false;
  }
  cbreak();
  noecho();
  nonl();
  // The modes are set: from here on every byte goes to the sink, from which the caller sends it to the terminal.
  dup2(sink, output);
  typeahead(-1);
  start_color();
  default_colors = use_default_colors() == OK;
  curs_set(0);
  idlok(stdscr, FALSE);
  leaveok(stdscr, TRUE);
  return true;
}

void ocn_screen_suspend(void) { endwin(); }

void ocn_screen_repaint(void) { clearok(curscr, TRUE); }

void ocn_screen_close(void) {
  if (!screen) return;
  delscreen(screen);
  screen = NULL;
  fclose(output_stream);
  fclose(input_stream);
}

void ocn_screen_resize(int rows, int columns) { resize_term(rows, columns); }

void ocn_put_cells(int row, int column, const OCNCell *cells, int count) {
  cchar_t line[256];
  while (count > 0) {
    int n = count < 256 ? count : 256;
    memset(line, 0, sizeof(cchar_t) * (size_t)n);
    for (int i = 0; i < n; i++) {
      uint32_t a = cells[i].attributes;
      wchar_t text[2] = {(wchar_t)cells[i].scalar, 0};
      attr_t attributes = A_NORMAL;
      if (a & OCN_BOLD) attributes |= A_BOLD;
      if (a & OCN_DIM) attributes |= A_DIM;
      if (a & OCN_UNDERLINE) attributes |= A_UNDERLINE;
      if (a & OCN_REVERSE) attributes |= A_REVERSE;
      if (a & OCN_ITALIC) attributes |= A_ITALIC;
      int pair = cells[i].pair;
      setcchar(&line[i], text, attributes, (short)(pair > 255 ? 255 : pair), &pair);
    }
    mvadd_wchnstr(row, column, line, n);
    cells += n;
    column += n;
    count -= n;
  }
}

void ocn_cursor(int row, int column) {
  if (row < 0) {
    leaveok(stdscr, TRUE);
    curs_set(0);
  } else {
    leaveok(stdscr, FALSE);
    move(row, column);
    curs_set(1);
  }
}

void ocn_update(void) { refresh(); }
void ocn_reset_pairs(void) { reset_color_pairs(); }
int ocn_color_count(void) { return has_colors() ? COLORS : 0; }
int ocn_pair_count(void) { return has_colors() ? COLOR_PAIRS : 0; }
bool ocn_default_colors(void) { return default_colors; }

int ocn_columns_of(uint32_t scalar) { return wcwidth((wchar_t)scalar); }
