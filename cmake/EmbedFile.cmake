# Put a file into a program: embed_file(TARGET FILE SYMBOL) makes, at build time,
#   const char SYMBOL[] = …, a NUL behind;   const size_t SYMBOL_bytes = …;   const char SYMBOL_sha256[] = …, in base64
# of it. The file is included for the function, and run as a script (cmake -P) for the work.
if(CMAKE_SCRIPT_MODE_FILE)
  file(READ "${INPUT}" digits HEX)
  string(LENGTH "${digits}" length)
  math(EXPR bytes "${length} / 2")
  string(REGEX REPLACE "(................................)" "\\1\n" digits "${digits}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," digits "${digits}")
  file(SHA256 "${INPUT}" hash)
  set(alphabet "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
  set(sha256 "")
  foreach(at RANGE 0 60 6) # three bytes at a time; of the last group there are two
    string(SUBSTRING "${hash}00" ${at} 6 group)
    foreach(shift 18 12 6 0)
      math(EXPR digit "(0x${group} >> ${shift}) & 63")
      string(SUBSTRING "${alphabet}" ${digit} 1 letter)
      string(APPEND sha256 ${letter})
    endforeach()
  endforeach()
  string(REGEX REPLACE ".$" "=" sha256 "${sha256}")
  file(WRITE "${OUTPUT}" "#include <stddef.h>\n\n"
       "extern const char ${SYMBOL}[], ${SYMBOL}_sha256[];\nextern const size_t ${SYMBOL}_bytes;\n"
       "const char ${SYMBOL}[] = {\n${digits}\n0};\nconst size_t ${SYMBOL}_bytes = ${bytes};\n"
       "const char ${SYMBOL}_sha256[] = \"${sha256}\";\n")
  return()
endif()

set(EMBED_FILE_SCRIPT "${CMAKE_CURRENT_LIST_FILE}")

function(embed_file target file symbol)
  get_filename_component(input "${file}" ABSOLUTE)
  set(output "${CMAKE_CURRENT_BINARY_DIR}/embed/${symbol}.c")
  add_custom_command(
    OUTPUT "${output}"
    COMMAND "${CMAKE_COMMAND}" "-DINPUT=${input}" "-DOUTPUT=${output}" "-DSYMBOL=${symbol}" -P "${EMBED_FILE_SCRIPT}"
    DEPENDS "${input}" "${EMBED_FILE_SCRIPT}"
    COMMENT "Embedding ${file}" VERBATIM)
  target_sources(${target} PRIVATE "${output}")
endfunction()
