#include "CJPEG.h"
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
// After jpeglib.h, which it needs.
#include <jerror.h>

// Coefficients of a progressive picture, which libjpeg keeps whole: 120 megapixels of 4:2:0 take 360 MiB.
#define MEMORY_LIMIT (512L << 20)
// A scan of few bytes can run over the whole picture. No encoder writes more than some twenty of them.
#define SCAN_LIMIT 500
#define SCANNED_PIXELS_LIMIT 2400000000.0

struct ocj_reader {
    struct jpeg_decompress_struct info;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    jmp_buf escape;
    ocj_report report;
};

// MARK: Errors

static ocj_reader *reader_of(j_common_ptr info) { return (ocj_reader *)info; }

static ocj_failure failure_of(int code) {
    switch (code) {
    case JERR_BAD_PRECISION:
    case JERR_SOF_UNSUPPORTED:
    case JERR_FRACT_SAMPLE_NOTIMPL:
    case JERR_CCIR601_NOTIMPL:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_ARITH_NOTIMPL:
    case JERR_COMPONENT_COUNT:
    case JERR_NOT_COMPILED:
    case JERR_NOTIMPL: return OCJ_UNSUPPORTED;
    case JERR_NO_BACKING_STORE:
    case JERR_OUT_OF_MEMORY:
    case JERR_IMAGE_TOO_BIG:
    case JERR_WIDTH_OVERFLOW: return OCJ_TOO_LARGE;
    default: return OCJ_CORRUPT;
    }
}

static int warning_of(int code) {
    switch (code) {
    case JWRN_JPEG_EOF: return OCJ_UNENDED;
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_ARITH_BAD_CODE:
    case JWRN_MUST_RESYNC: return OCJ_LOST;
    default: return OCJ_ODDITY;
    }
}

static void say(ocj_reader *reader) {
    char words[JMSG_LENGTH_MAX];
    reader->errors.format_message((j_common_ptr)&reader->info, words);
    snprintf(reader->report.message, sizeof reader->report.message, "%s", words);
}

static void fail(j_common_ptr info) {
    ocj_reader *reader = reader_of(info);
    reader->report.failure = failure_of(reader->errors.msg_code);
    say(reader);
    longjmp(reader->escape, 1);
}

static void fail_with(ocj_reader *reader, ocj_failure failure, const char *words) {
    reader->report.failure = failure;
    snprintf(reader->report.message, sizeof reader->report.message, "%s", words);
    longjmp(reader->escape, 1);
}

static void warn(j_common_ptr info, int level) {
    if (level >= 0) return;
    ocj_reader *reader = reader_of(info);
    int kind = warning_of(reader->errors.msg_code);
    // The first of the heaviest kind is kept; an end that is missing explains the pixels that are.
    bool is_heavier = kind > reader->report.warnings && !(reader->report.warnings & OCJ_UNENDED);
    if (is_heavier || kind == OCJ_UNENDED) say(reader);
    reader->report.warnings |= kind;
}

static void print_nothing(j_common_ptr info) { (void)info; }

static void watch_scans(j_common_ptr info) {
    ocj_reader *reader = reader_of(info);
    int scans = reader->info.input_scan_number;
    double pixels = (double)reader->info.image_width * reader->info.image_height;
    if (scans > SCAN_LIMIT || scans * pixels > SCANNED_PIXELS_LIMIT + pixels)
        fail_with(reader, OCJ_TOO_LARGE, "more scans than a picture has");
}

// MARK: A reader

// A decompressor keeps tables from one picture to the next, and then shows a picture without tables by another's: each
// picture gets a fresh one, which costs microseconds.
static void begin(ocj_reader *reader) {
    jpeg_destroy_decompress(&reader->info);
    jpeg_create_decompress(&reader->info);
    reader->info.mem->max_memory_to_use = MEMORY_LIMIT;
    reader->info.progress = &reader->progress;
    memset(&reader->report, 0, sizeof reader->report);
}

ocj_reader *ocj_reader_new(void) {
    ocj_reader *reader = calloc(1, sizeof *reader);
    if (!reader) return NULL;
    reader->info.err = jpeg_std_error(&reader->errors);
    reader->errors.error_exit = fail;
    reader->errors.emit_message = warn;
    reader->errors.output_message = print_nothing;
    reader->progress.progress_monitor = watch_scans;
    if (setjmp(reader->escape)) {
        ocj_reader_free(reader);
        return NULL;
    }
    begin(reader);
    return reader;
}

void ocj_reader_free(ocj_reader *reader) {
    jpeg_destroy_decompress(&reader->info);
    free(reader);
}

static bool is_subsampled(const struct jpeg_decompress_struct *info, int wide, int high) {
    const jpeg_component_info *c = info->comp_info;
    return info->jpeg_color_space == JCS_YCbCr && c[0].h_samp_factor == wide && c[0].v_samp_factor == high
        && c[1].h_samp_factor == 1 && c[1].v_samp_factor == 1 && c[2].h_samp_factor == 1 && c[2].v_samp_factor == 1;
}

static ocj_form form_of(ocj_reader *reader) {
    const struct jpeg_decompress_struct *info = &reader->info;
    switch (info->jpeg_color_space) {
    case JCS_GRAYSCALE: return OCJ_GREY;
    case JCS_CMYK:
    case JCS_YCCK: return OCJ_INKS;
    case JCS_RGB:
    case JCS_YCbCr: break;
    default: fail_with(reader, OCJ_UNSUPPORTED, "pictures of this number of components");
    }
    return is_subsampled(info, 2, 2) ? OCJ_YUV420 : is_subsampled(info, 2, 1) ? OCJ_YUV422 : OCJ_COLOUR;
}

bool ocj_read_header(ocj_reader *reader, const void *bytes, size_t count, ocj_report *report) {
    if (setjmp(reader->escape)) {
        *report = reader->report;
        return false;
    }
    begin(reader);
    jpeg_mem_src(&reader->info, (unsigned char *)bytes, count);
    jpeg_read_header(&reader->info, TRUE);
    reader->report.width = (int)reader->info.image_width;
    reader->report.height = (int)reader->info.image_height;
    reader->report.form = form_of(reader);
    *report = reader->report;
    return true;
}

// MARK: Pixels

// Whether an end that is missing may have cost pixels that nothing else tells of.
static bool hides_loss(j_decompress_ptr info) { return jpeg_has_multiple_scans(info) || info->arith_code; }

// Reads on to the end marker, for what is to be said of it. What is wrong behind the pixels costs none of them.
static void finish(ocj_reader *reader, ocj_report *report) {
    if (setjmp(reader->escape) == 0) {
        bool hides = hides_loss(&reader->info);
        jpeg_finish_decompress(&reader->info);
        if (hides && reader->report.warnings & OCJ_UNENDED) reader->report.warnings |= OCJ_LOST;
    } else {
        reader->report.warnings |= OCJ_ODDITY;
    }
    *report = reader->report;
}

bool ocj_read_packed(ocj_reader *reader, int divisor, uint8_t *out, size_t row_bytes, ocj_report *report) {
    struct jpeg_decompress_struct *info = &reader->info;
    if (setjmp(reader->escape)) {
        *report = reader->report;
        return false;
    }
    bool is_ink = reader->report.form == OCJ_INKS;
    info->out_color_space = is_ink ? JCS_CMYK : JCS_RGB;
    info->scale_num = 1;
    info->scale_denom = (unsigned)divisor;
    jpeg_start_decompress(info);
    if ((size_t)info->output_width * (is_ink ? 4 : 3) > row_bytes
        || info->output_height > (info->image_height + divisor - 1) / divisor)
        fail_with(reader, OCJ_CORRUPT, "a size that changes");
    while (info->output_scanline < info->output_height) {
        JSAMPROW row = out + info->output_scanline * row_bytes;
        jpeg_read_scanlines(info, &row, 1);
    }
    finish(reader, report);
    return true;
}

void ocj_plane_size(ocj_reader *reader, int plane, size_t *row_bytes, size_t *rows) {
    const jpeg_component_info *component = &reader->info.comp_info[plane];
    *row_bytes = (size_t)component->width_in_blocks * DCTSIZE;
    *rows = (size_t)component->height_in_blocks * DCTSIZE;
}

static void read_grey(struct jpeg_decompress_struct *info, uint8_t *out, size_t row_bytes) {
    while (info->output_scanline < info->output_height) {
        JSAMPROW row = out + info->output_scanline * row_bytes;
        jpeg_read_scanlines(info, &row, 1);
    }
}

// Brightness and chroma, whose brightness has at most twice the rows of chroma.
static void read_raw(struct jpeg_decompress_struct *info, uint8_t *const planes[3], const size_t row_bytes[3]) {
    JSAMPROW rows[3][2 * DCTSIZE];
    JSAMPARRAY all[3] = {rows[0], rows[1], rows[2]};
    JDIMENSION step = (JDIMENSION)info->max_v_samp_factor * DCTSIZE;
    for (JDIMENSION at = 0; at < info->output_height; at += step) {
        for (int plane = 0; plane < 3; plane++) {
            const jpeg_component_info *component = &info->comp_info[plane];
            JDIMENSION count = (JDIMENSION)component->v_samp_factor * DCTSIZE, first = at / step * count;
            JDIMENSION last = component->height_in_blocks * DCTSIZE - 1;
            // Rows below the last block are asked for, and never written.
            for (JDIMENSION row = 0; row < count; row++)
                rows[plane][row] = planes[plane] + (first + row < last ? first + row : last) * row_bytes[plane];
        }
        jpeg_read_raw_data(info, all, step);
    }
}

bool ocj_read_planes(ocj_reader *reader, uint8_t *const planes[3], const size_t row_bytes[3], ocj_report *report) {
    struct jpeg_decompress_struct *info = &reader->info;
    if (setjmp(reader->escape)) {
        *report = reader->report;
        return false;
    }
    bool is_grey = reader->report.form == OCJ_GREY;
    info->raw_data_out = !is_grey;
    info->out_color_space = info->jpeg_color_space;
    jpeg_start_decompress(info);
    if (is_grey)
        read_grey(info, planes[0], row_bytes[0]);
    else
        read_raw(info, planes, row_bytes);
    finish(reader, report);
    return true;
}
