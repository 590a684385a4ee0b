// A separate file because <term.h> defines a macro for every capability, such as "columns", "lines" and "buttons".
#include "CNcurses.h"
#include <term.h>

const char *ocn_boolean_name(int index) { return boolnames[index]; }
const char *ocn_number_name(int index) { return numnames[index]; }
const char *ocn_string_name(int index) { return strnames[index]; }

bool ocn_boolean_capability(const char *name) { return tigetflag((char *)name) > 0; }
int ocn_number_capability(const char *name) {
  int value = tigetnum((char *)name);
  return value < 0 ? -1 : value;
}

const char *ocn_string_capability(const char *name) {
  char *value = tigetstr((char *)name);
  return value == (char *)-1 ? NULL : value;
}

bool ocn_load_description(const char *term, int tty) {
  int status = 0;
  return setupterm(term, tty, &status) == OK;
}
