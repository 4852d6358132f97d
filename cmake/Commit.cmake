# cmake -DSOURCE=... -DOUT=... -P Commit.cmake: writes OUT with the commit that SOURCE is at, if that has changed.
# Without .git or git the commit is empty.
set(commit "")
find_program(GIT git)
if(GIT AND EXISTS ${SOURCE}/.git)
  execute_process(COMMAND ${GIT} -C ${SOURCE} rev-parse --short HEAD OUTPUT_VARIABLE commit ERROR_QUIET
                  OUTPUT_STRIP_TRAILING_WHITESPACE)
endif()
file(CONFIGURE OUTPUT ${OUT} CONTENT
     "namespace lacuna {\nextern const char* const commit;\nconst char* const commit = \"${commit}\";\n}\n" @ONLY)
