// Shim over libjpeg's decompressor (libjpeg-dev), which keeps libjpeg's setjmp on the C side. It reads what TurboJPEG's
// interface has no names for: every subsampling, components of any size.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Reads pictures out of memory, one at a time. Belongs to one thread.
typedef struct ocj_reader ocj_reader;

/// How the pixels are stored.
typedef enum {
    /// Brightness alone.
    OCJ_GREY,
    /// Brightness and two planes of chroma, halved both ways.
    OCJ_YUV420,
    /// Brightness and two planes of chroma of half the width.
    OCJ_YUV422,
    /// Another subsampling, or RGB.
    OCJ_COLOUR,
    /// Print colours: CMYK, or YCCK.
    OCJ_INKS,
} ocj_form;

/// Why a call failed.
typedef enum {
    OCJ_CORRUPT,
    /// Twelve bits, lossless, hierarchical and other kinds that this libjpeg does not read.
    OCJ_UNSUPPORTED,
    /// More memory or scans than a picture may take.
    OCJ_TOO_LARGE,
} ocj_failure;

/// What libjpeg found odd, or missing, in a picture that it read.
typedef enum {
    OCJ_ODDITY = 1,
    /// The file ends before the picture's end marker.
    OCJ_UNENDED = 2,
    /// Pixels were made up for data that was damaged or missing.
    OCJ_LOST = 4,
} ocj_warning;

typedef struct {
    int width, height;
    ocj_form form;
    ocj_failure failure;
    /// A set of ocj_warning.
    int warnings;
    /// libjpeg's words: of the failure, else of the warning that weighs most.
    char message[200];
} ocj_report;

/// NULL where memory is short.
ocj_reader *ocj_reader_new(void);

/// Reads a picture's header. The bytes must stay where they are until its pixels are read.
bool ocj_read_header(ocj_reader *reader, const void *bytes, size_t count, ocj_report *report);

/// Reads the pixels, reduced by `divisor` (1, 2, 4 or 8), sides rounded up: four bytes a pixel for print colours, as they
/// are stored, else RGB.
bool ocj_read_packed(ocj_reader *reader, int divisor, uint8_t *out, size_t row_bytes, ocj_report *report);

/// Bytes of a row, and rows, that ocj_read_planes needs for a plane: whole blocks.
void ocj_plane_size(ocj_reader *reader, int plane, size_t *row_bytes, size_t *rows);

/// Reads brightness, or brightness and chroma, as they are stored.
bool ocj_read_planes(ocj_reader *reader, uint8_t *const planes[3], const size_t row_bytes[3], ocj_report *report);

void ocj_reader_free(ocj_reader *reader);
