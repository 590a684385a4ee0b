// webcam FIFO PICTURE.jpg...: a USB webcam in user space.
//
// It plugs itself into the kernel's virtual USB host controller (vhci_hcd, the client side of USB/IP) through a socket
// pair, so that the kernel's own uvcvideo driver drives it and makes a /dev/videoN. It plays the JPEGs it is given, at 30
// or 15 frames a second, over one bulk endpoint. Protocols: USB 2.0 chapter 9, USB Video Class 1.0, Linux'
// Documentation/usb/usbip_protocol.rst.
//
// Commands, one letter each, are read from FIFO:
//   u unplug            p plug in           s stall: no data         g go on
//   e error bit on the next picture         t next picture cut short c next picture corrupted
//   x next transfer fails (-EPROTO)         X five transfers fail    n next picture empty
//   q quit
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { WIDTH = 640, HEIGHT = 480, FRAME_BYTES = WIDTH * HEIGHT * 2, TRANSFER = 16384, HEADER = 2 };
enum { INTERVAL_30 = 333333, INTERVAL_15 = 666666 };  // in units of 100 ns, as UVC counts

// ---- Descriptors -----------------------------------------------------------------------------------------------------

#define B2(x) (uint8_t)(x), (uint8_t)((x) >> 8)
#define B4(x) B2(x), (uint8_t)((x) >> 16), (uint8_t)((x) >> 24)

static const uint8_t device_descriptor[18] = {
    18, 1, B2(0x0200), 0xEF, 2, 1, 64, B2(0x1D6B), B2(0x0104), B2(0x0100), 1, 2, 3, 1};

// Sizes of the class-specific parts, which their headers must add up.
enum { CONTROL_BYTES = 13 + 18 + 9, STREAM_BYTES = 14 + 11 + 34 + 6, TOTAL_BYTES = 9 + 8 + 9 + CONTROL_BYTES + 9 + STREAM_BYTES + 7 };

static const uint8_t configuration[] = {
    9, 2, B2(TOTAL_BYTES), 2, 1, 0, 0x80, 50,
    8, 11, 0, 2, 0x0E, 3, 0, 2,                                            // the two interfaces belong together
    9, 4, 0, 0, 0, 0x0E, 1, 0, 2,                                          // interface 0: video control
    13, 0x24, 1, B2(0x0100), B2(CONTROL_BYTES), B4(48000000), 1, 1,        //   UVC 1.0, streams on interface 1
    18, 0x24, 2, 1, B2(0x0201), 0, 0, B2(0), B2(0), B2(0), 3, 0, 0, 0,     //   terminal 1: a camera
    9, 0x24, 3, 2, B2(0x0101), 0, 1, 0,                                    //   terminal 2: the USB stream
    9, 4, 1, 0, 1, 0x0E, 2, 0, 0,                                          // interface 1: video streaming
    14, 0x24, 1, 1, B2(STREAM_BYTES), 0x81, 0, 2, 0, 0, 0, 1, 0,           //   one format, on endpoint 0x81
    11, 0x24, 6, 1, 1, 1, 1, 0, 0, 0, 0,                                   //   MJPEG
    34, 0x24, 7, 1, 0, B2(WIDTH), B2(HEIGHT), B4(FRAME_BYTES * 8 * 15), B4(FRAME_BYTES * 8 * 30), B4(FRAME_BYTES),
    B4(INTERVAL_30), 2, B4(INTERVAL_30), B4(INTERVAL_15),                  //     640x480 at 30 and 15
    6, 0x24, 13, 1, 1, 4,                                                  //   colours: BT.709, SMPTE 170M
    7, 5, 0x81, 2, B2(512), 0};                                            // the bulk endpoint
_Static_assert(sizeof configuration == TOTAL_BYTES, "the configuration must be as long as it says");

// ---- State -----------------------------------------------------------------------------------------------------------

struct picture {
  uint8_t *bytes;
  uint32_t count;
};

struct request {
  uint32_t number, room;
};

static struct picture *pictures;
static int picture_count;
static int connection = -1;                 // our end of the cable; -1: unplugged
static struct request waiting[64];          // bulk reads that the host has asked for, oldest first
static int waiting_count;
static uint8_t settings[26] = {1, 0, 1, 1}; // the stream's probe and commit block (UVC 1.0, table 4-47)
static struct {
  const uint8_t *bytes;
  uint32_t count, sent;
  bool is_open, is_corrupt, has_error_bit;
  uint8_t toggle;                           // the frame id bit, which changes with each picture
} current;
static int shown;
static double next_picture;
static bool is_stalled;
static int failing_transfers;
static char next_fault;

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static uint32_t interval(void) {
  uint32_t value;
  memcpy(&value, settings + 4, sizeof value);
  return value;
}

/// Makes the negotiated block say only what this camera can do.
static void settle(void) {
  uint32_t value = interval() > (INTERVAL_30 + INTERVAL_15) / 2 ? INTERVAL_15 : INTERVAL_30;
  uint32_t frame = FRAME_BYTES, transfer = TRANSFER;
  settings[2] = settings[3] = 1;
  memcpy(settings + 4, &value, 4);
  memcpy(settings + 18, &frame, 4);
  memcpy(settings + 22, &transfer, 4);
}

// ---- The cable: USB/IP messages over a socket --------------------------------------------------------------------------

enum { CMD_SUBMIT = 1, CMD_UNLINK = 2, RET_SUBMIT = 3, RET_UNLINK = 4 };

static bool transmit(const void *bytes, size_t count) {
  const char *at = bytes;
  while (count > 0) {
    ssize_t sent = send(connection, at, count, MSG_NOSIGNAL);
    if (sent <= 0) return false;
    at += sent;
    count -= (size_t)sent;
  }
  return true;
}

static bool receive(void *bytes, size_t count) {
  char *at = bytes;
  while (count > 0) {
    ssize_t got = recv(connection, at, count, 0);
    if (got <= 0) return false;
    at += got;
    count -= (size_t)got;
  }
  return true;
}

/// Answers a request. `count` bytes were moved; they follow when the host reads.
static void answer(uint32_t command, uint32_t number, int status, const void *bytes, uint32_t count, bool is_read) {
  uint32_t header[12] = {htonl(command), htonl(number), 0, 0, 0, htonl((uint32_t)status), htonl(count)};
  if (transmit(header, sizeof header) && is_read && count > 0) transmit(bytes, count);
}

static void plug_in(void) {
  int ends[2];
  if (connection >= 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return;
  int room = 1 << 20;
  setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
  int attach = open("/sys/devices/platform/vhci_hcd.0/attach", O_WRONLY);
  bool is_attached = false;
  for (int port = 0; port < 8 && attach >= 0 && !is_attached; port++) {
    char line[64];
    // Port, socket, device id (bus and number, of our choosing), speed 3: high.
    int length = snprintf(line, sizeof line, "%d %d %d 3", port, ends[1], 1 << 16 | 2);
    is_attached = write(attach, line, (size_t)length) == length;
  }
  if (attach >= 0) close(attach);
  close(ends[1]);
  if (!is_attached) {
    perror("webcam: cannot attach to vhci_hcd");
    close(ends[0]);
    return;
  }
  connection = ends[0];
  waiting_count = 0;
  current.is_open = false;
}

static void unplug(void) {
  if (connection < 0) return;
  shutdown(connection, SHUT_RDWR);
  close(connection);
  connection = -1;
}

// ---- Control requests ------------------------------------------------------------------------------------------------

static uint32_t string_descriptor(uint8_t index, uint8_t *target) {
  static const char *const texts[] = {"", "Ocellus tests", "Virtual Webcam", "VC0001"};
  if (index == 0) {
    memcpy(target, (uint8_t[]){4, 3, 9, 4}, 4);
    return 4;
  }
  if (index > 3) return 0;
  uint32_t count = 2;
  for (const char *letter = texts[index]; *letter; letter++) {
    target[count++] = (uint8_t)*letter;
    target[count++] = 0;
  }
  target[0] = (uint8_t)count;
  target[1] = 3;
  return count;
}

/// A request of chapter 9. Returns the bytes to send, or -1 for a stall.
static int standard_request(const uint8_t *setup, uint8_t *target) {
  switch (setup[1]) {
    case 0: target[0] = target[1] = 0; return 2;  // GET_STATUS
    case 6:                                       // GET_DESCRIPTOR
      switch (setup[3]) {
        case 1: memcpy(target, device_descriptor, sizeof device_descriptor); return sizeof device_descriptor;
        case 2: memcpy(target, configuration, sizeof configuration); return sizeof configuration;
        case 3: return (int)string_descriptor(setup[2], target);
        default: return -1;
      }
    case 8: target[0] = 1; return 1;              // GET_CONFIGURATION
    case 10: target[0] = 0; return 1;             // GET_INTERFACE
    case 1:                                       // CLEAR_FEATURE: the host starts the endpoint afresh
      current.is_open = false;
      return 0;
    case 3: case 9: case 11: return 0;            // SET_FEATURE, SET_CONFIGURATION, SET_INTERFACE
    default: return -1;
  }
}

/// A request of the video class to the streaming interface: the negotiation of the stream.
static int video_request(const uint8_t *setup, const uint8_t *sent, uint32_t count, uint8_t *target) {
  bool is_commit = setup[3] == 2;
  if (setup[4] != 1 || (setup[3] != 1 && !is_commit)) return -1;
  switch (setup[1]) {
    case 0x01:  // SET_CUR
      memcpy(settings, sent, count < sizeof settings ? count : sizeof settings);
      settle();
      if (is_commit) {
        current.is_open = false;
        next_picture = seconds();
      }
      return 0;
    case 0x81: case 0x82: case 0x83: case 0x87:  // GET_CUR, _MIN, _MAX, _DEF
      memcpy(target, settings, sizeof settings);
      return sizeof settings;
    case 0x85: target[0] = sizeof settings; target[1] = 0; return 2;  // GET_LEN
    case 0x86: target[0] = 3; return 1;                               // GET_INFO: it can be read and set
    default: return -1;
  }
}

static void control(uint32_t number, const uint8_t *setup, const uint8_t *sent, uint32_t room) {
  static uint8_t reply[1024];
  bool is_read = setup[0] & 0x80;
  int count = (setup[0] & 0x60) == 0      ? standard_request(setup, reply)
              : (setup[0] & 0x60) == 0x20 ? video_request(setup, sent, is_read ? 0 : room, reply)
                                          : -1;
  if (count < 0) {
    answer(RET_SUBMIT, number, -EPIPE, NULL, 0, is_read);
  } else {
    uint32_t moved = is_read ? ((uint32_t)count < room ? (uint32_t)count : room) : room;
    answer(RET_SUBMIT, number, 0, reply, moved, is_read);
  }
}

// ---- Pictures --------------------------------------------------------------------------------------------------------

static void open_picture(void) {
  struct picture *picture = &pictures[shown++ % picture_count];
  current.bytes = picture->bytes;
  current.count = picture->count;
  current.sent = 0;
  current.is_open = true;
  current.toggle ^= 1;
  current.is_corrupt = next_fault == 'c';
  current.has_error_bit = next_fault == 'e';
  if (next_fault == 't') current.count /= 2;
  if (next_fault == 'n') current.count = 0;
  next_fault = 0;
}

/// Answers the host's waiting reads as far as pictures are due.
static void feed(void) {
  static uint8_t payload[TRANSFER];
  while (waiting_count > 0 && connection >= 0 && !is_stalled) {
    if (!current.is_open) {
      double now = seconds();
      if (now < next_picture) return;
      next_picture += interval() / 1e7;
      // A host that was away is not flooded with what it missed.
      if (next_picture < now) next_picture = now;
      open_picture();
    }
    struct request request = waiting[0];
    waiting_count--;
    memmove(waiting, waiting + 1, sizeof *waiting * (size_t)waiting_count);
    if (failing_transfers > 0) {
      failing_transfers--;
      answer(RET_SUBMIT, request.number, -EPROTO, NULL, 0, true);
      continue;
    }
    uint32_t room = (request.room < TRANSFER ? request.room : TRANSFER) - HEADER;
    uint32_t count = current.count - current.sent < room ? current.count - current.sent : room;
    memcpy(payload + HEADER, current.bytes + current.sent, count);
    if (current.is_corrupt)
      for (uint32_t index = HEADER + 300; index < count; index += 41) payload[index] ^= 0x35;
    current.sent += count;
    bool is_last = current.sent >= current.count;
    payload[0] = HEADER;
    payload[1] = (uint8_t)(0x80 | current.toggle | (is_last ? 0x02 : 0) | (current.has_error_bit ? 0x40 : 0));
    if (is_last) current.is_open = false;
    answer(RET_SUBMIT, request.number, 0, payload, count + HEADER, true);
  }
}

// ---- Messages from the host and from the test ---------------------------------------------------------------------------

static void unlink_request(uint32_t number, uint32_t target) {
  for (int index = 0; index < waiting_count; index++) {
    if (waiting[index].number != target) continue;
    waiting_count--;
    memmove(waiting + index, waiting + index + 1, sizeof *waiting * (size_t)(waiting_count - index));
    answer(RET_UNLINK, number, -ECONNRESET, NULL, 0, false);
    return;
  }
  answer(RET_UNLINK, number, 0, NULL, 0, false);
}

/// One message; false when the host has let go of the cable.
static bool serve(void) {
  static uint8_t sent[65536];
  uint32_t header[12];
  if (!receive(header, sizeof header)) return false;
  uint32_t command = ntohl(header[0]), number = ntohl(header[1]), endpoint = ntohl(header[4]), length = ntohl(header[6]);
  bool is_read = ntohl(header[3]) == 1;
  if (command == CMD_UNLINK) {
    unlink_request(number, ntohl(header[5]));
  } else if (command == CMD_SUBMIT) {
    if (!is_read && length > 0 && (length > sizeof sent || !receive(sent, length))) return false;
    if (endpoint == 0) {
      control(number, (const uint8_t *)&header[10], sent, length);
    } else if (waiting_count < 64) {
      waiting[waiting_count++] = (struct request){number, length};
    }
  }
  return true;
}

static bool obey(char command) {
  switch (command) {
    case 'u': unplug(); break;
    case 'p': plug_in(); break;
    case 's': is_stalled = true; break;
    case 'g': is_stalled = false; next_picture = seconds(); break;
    case 'x': failing_transfers = 1; break;
    case 'X': failing_transfers = 5; break;
    case 'e': case 't': case 'c': case 'n': next_fault = command; break;
    case 'q': return false;
    default: break;
  }
  return true;
}

static bool load(int index, const char *path) {
  FILE *file = fopen(path, "rb");
  if (!file) return false;
  pictures[index].bytes = malloc(1 << 20);
  pictures[index].count = (uint32_t)fread(pictures[index].bytes, 1, 1 << 20, file);
  fclose(file);
  return pictures[index].count > 0;
}

int main(int count, char **arguments) {
  if (count < 3) {
    fprintf(stderr, "usage: webcam FIFO PICTURE.jpg...\n");
    return 64;
  }
  picture_count = count - 2;
  pictures = calloc((size_t)picture_count, sizeof *pictures);
  for (int index = 0; index < picture_count; index++) {
    if (!load(index, arguments[index + 2])) {
      perror(arguments[index + 2]);
      return 1;
    }
  }
  uint32_t standard = INTERVAL_30;
  memcpy(settings + 4, &standard, 4);
  settle();
  mkfifo(arguments[1], 0600);
  int commands = open(arguments[1], O_RDWR | O_NONBLOCK);
  plug_in();
  for (;;) {
    struct pollfd events[2] = {{commands, POLLIN, 0}, {connection, POLLIN, 0}};
    int patience = 100;
    if (waiting_count > 0 && !current.is_open && !is_stalled) {
      double wait = (next_picture - seconds()) * 1000;
      patience = wait < 0 ? 0 : wait > 100 ? 100 : (int)wait + 1;
    }
    poll(events, connection >= 0 ? 2 : 1, patience);
    char command;
    while (read(commands, &command, 1) == 1) {
      if (!obey(command)) {
        unplug();
        unlink(arguments[1]);
        return 0;
      }
    }
    if (connection >= 0 && events[1].revents && !serve()) unplug();
    feed();
  }
}
