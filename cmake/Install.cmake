# What `cmake --install build --prefix DIR` puts into DIR. The programs find their assets beside themselves
# (models/files/assets.h), so DIR may be moved afterwards and runs from anywhere.
include(GNUInstallDirs)
install(TARGETS lacuna RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
if(TARGET lacuna-viewer)
  install(TARGETS lacuna-viewer RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
# Not CMAKE_INSTALL_DATADIR: the programs look for share/lacuna.
install(DIRECTORY assets/pico assets/prompts assets/words assets/stable-diffusion-1 DESTINATION share/lacuna)
install(FILES LICENSE NOTICE README.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR}/docs)
