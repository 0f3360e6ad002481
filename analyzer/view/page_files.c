#include "view/page_files.h"

#define COMMON_SCRIPTS(X) \
    X(text_js)            \
    X(tree_js)            \
    X(palette_js) X(comparison_js) X(profile_js) X(frames_js) X(address_js) X(search_js) X(flame_js) X(chart_js)
#define PAGE_SCRIPTS(X) \
    X(functions_js)     \
    X(calltree_js) X(sandwich_js) X(histogram_js) X(source_js) X(run_js) X(memory_js) X(threads_js) X(page_js)

#define DECLARE(name)                          \
    extern const char name[], name##_sha256[]; \
    extern const size_t name##_bytes;
#define FILE_OF(name) {name, &name##_bytes, name##_sha256},
#define NR(array)     (sizeof(array) / sizeof((array)[0]))

COMMON_SCRIPTS(DECLARE)
PAGE_SCRIPTS(DECLARE)
DECLARE(picture_js)
DECLARE(looks_css)
DECLARE(svg_css)
DECLARE(picture_css)
DECLARE(page_css)
DECLARE(body_html)

const struct embedded_file picture_styles[] = {FILE_OF(looks_css) FILE_OF(svg_css) FILE_OF(picture_css)};
const struct embedded_file picture_scripts[] = {COMMON_SCRIPTS(FILE_OF) FILE_OF(picture_js)};
const struct embedded_file page_styles[] = {FILE_OF(looks_css) FILE_OF(svg_css) FILE_OF(page_css)};
const struct embedded_file page_scripts[] = {COMMON_SCRIPTS(FILE_OF) PAGE_SCRIPTS(FILE_OF)};
const struct embedded_file page_body = {body_html, &body_html_bytes, body_html_sha256};

const size_t nr_picture_styles = NR(picture_styles), nr_picture_scripts = NR(picture_scripts);
const size_t nr_page_styles = NR(page_styles), nr_page_scripts = NR(page_scripts);
