// Shim over V4L2's kernel interface and libv4l's converter (libv4l-dev).
#pragma once
#include <linux/videodev2.h>
#include <libv4lconvert.h>
