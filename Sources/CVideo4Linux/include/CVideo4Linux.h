// Shim over V4L2's kernel interface and libv4l's converter (libv4l-dev).
#pragma once
#include <libv4lconvert.h>
#include <linux/videodev2.h>

// ioctl numbers, whose macros (_IOWR with sizeof) Swift cannot import.
static const unsigned long ocv_querycap = VIDIOC_QUERYCAP;
static const unsigned long ocv_enum_fmt = VIDIOC_ENUM_FMT;
static const unsigned long ocv_enum_framesizes = VIDIOC_ENUM_FRAMESIZES;
static const unsigned long ocv_enum_frameintervals = VIDIOC_ENUM_FRAMEINTERVALS;
static const unsigned long ocv_g_fmt = VIDIOC_G_FMT;
static const unsigned long ocv_s_fmt = VIDIOC_S_FMT;
static const unsigned long ocv_g_parm = VIDIOC_G_PARM;
static const unsigned long ocv_s_parm = VIDIOC_S_PARM;
static const unsigned long ocv_reqbufs = VIDIOC_REQBUFS;
static const unsigned long ocv_querybuf = VIDIOC_QUERYBUF;
static const unsigned long ocv_qbuf = VIDIOC_QBUF;
static const unsigned long ocv_dqbuf = VIDIOC_DQBUF;
static const unsigned long ocv_streamon = VIDIOC_STREAMON;
static const unsigned long ocv_streamoff = VIDIOC_STREAMOFF;
static const unsigned long ocv_queryctrl = VIDIOC_QUERYCTRL;
static const unsigned long ocv_querymenu = VIDIOC_QUERYMENU;
static const unsigned long ocv_g_ctrl = VIDIOC_G_CTRL;
static const unsigned long ocv_s_ctrl = VIDIOC_S_CTRL;
static const unsigned long ocv_g_input = VIDIOC_G_INPUT;
static const unsigned long ocv_enuminput = VIDIOC_ENUMINPUT;
static const unsigned long ocv_query_dv_timings = VIDIOC_QUERY_DV_TIMINGS;
static const unsigned long ocv_s_dv_timings = VIDIOC_S_DV_TIMINGS;
static const unsigned long ocv_subscribe_event = VIDIOC_SUBSCRIBE_EVENT;
static const unsigned long ocv_dqevent = VIDIOC_DQEVENT;

/// ioctl(2), which is variadic. Returns 0 or more, or the negated error number.
int ocv_ioctl(int descriptor, unsigned long request, void *argument);

/// A converter that never touches a device: its own ioctls all fail, so it neither changes the camera's settings nor
/// applies any processing of its own. NULL when out of memory.
struct v4lconvert_data *ocv_converter(void);
