#include "view/page_files.h"

#define FILES(X) X(text_js) X(tree_js) X(profile_js) X(frames_js) X(flame_js) X(address_js) X(picture_js)
#define DECLARE(name)         \
    extern const char name[]; \
    extern const size_t name##_bytes;
#define LIST(name) {name, &name##_bytes},

FILES(DECLARE)

const struct embedded_file picture_scripts[] = {FILES(LIST)};
const size_t nr_picture_scripts = sizeof(picture_scripts) / sizeof(picture_scripts[0]);
