#include "CVideo4Linux.h"
#include <errno.h>
#include <libv4l-plugin.h>
#include <string.h>
#include <sys/ioctl.h>

int ocv_ioctl(int descriptor, unsigned long request, void *argument) {
  int result = ioctl(descriptor, request, argument);
  return result < 0 ? -errno : result;
}

static void *no_state(int descriptor) {
  (void)descriptor;
  return NULL;
}

static void no_close(void *state) { (void)state; }

// The library asks for capabilities when it is created and gives up without them; everything else it can do without.
static int no_device(void *state, int descriptor, unsigned long request, void *argument) {
  (void)state;
  (void)descriptor;
  if (request == VIDIOC_QUERYCAP) {
    struct v4l2_capability *capability = argument;
    memset(capability, 0, sizeof *capability);
    capability->capabilities = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
    return 0;
  }
  errno = EINVAL;
  return -1;
}

static const struct libv4l_dev_ops no_device_operations = {
    .init = no_state, .close = no_close, .ioctl = no_device, .read = NULL, .write = NULL};

struct v4lconvert_data *ocv_converter(void) {
  return v4lconvert_create_with_dev_ops(-1, NULL, &no_device_operations);
}
