# Sanitizers for the analyzer, the drain and the tests. The hooks themselves are never sanitized: they run inside programs that may be.
function(tracert_sanitize target)
  if(TRACERT_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${TRACERT_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(${target} PUBLIC -fsanitize=${TRACERT_SANITIZE})
  endif()
endfunction()
