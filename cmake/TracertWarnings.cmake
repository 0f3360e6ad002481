# The warnings every target of ours is built with. They become errors only with TRACERT_WERROR (the presets set it): a
# packager's newer compiler must not break the build.
include(CheckCCompilerFlag)

set(TRACERT_WARNINGS
    -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes
    -Wold-style-definition -Wvla -Walloca -Wcast-qual -Wcast-align -Wundef -Wwrite-strings -Wpointer-arith -Wformat=2
    -Wimplicit-fallthrough -Wdouble-promotion -Wnull-dereference)
foreach(flag -Wlogical-op -Wduplicated-cond -Wduplicated-branches -Wjump-misses-init -Wcomma -Wunreachable-code)
  string(MAKE_C_IDENTIFIER "HAVE${flag}" known)
  check_c_compiler_flag(${flag} ${known})
  if(${known})
    list(APPEND TRACERT_WARNINGS ${flag})
  endif()
endforeach()

function(tracert_warnings target)
  target_compile_options(${target} PRIVATE ${TRACERT_WARNINGS} $<$<BOOL:${TRACERT_WERROR}>:-Werror>)
  set_target_properties(${target} PROPERTIES C_STANDARD 11 C_STANDARD_REQUIRED ON C_EXTENSIONS ON)
  target_compile_definitions(${target} PRIVATE _GNU_SOURCE)
endfunction()
