// Shim over libjpeg-turbo's TurboJPEG API (libturbojpeg0-dev).
#pragma once
#include <turbojpeg.h>
