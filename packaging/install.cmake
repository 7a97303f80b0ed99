# What `cmake --install` puts where, in folders that are the system's custom (GNUInstallDirs). joulefront-train and the
# libraries that it and the workers load lie together in a folder of their own; a link in bin leads there.
include(GNUInstallDirs)

set(trainer_folder ${CMAKE_INSTALL_LIBEXECDIR}/joulefront)
set(share ${CMAKE_INSTALL_DATAROOTDIR})

install(TARGETS joulefront DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT joulefront)
install(TARGETS joulefront-train DESTINATION ${trainer_folder} COMPONENT joulefront-train)
file(RELATIVE_PATH trainer_link /${CMAKE_INSTALL_BINDIR} /${trainer_folder}/joulefront-train)
install(CODE "
  set(folder \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}\")
  file(MAKE_DIRECTORY \"\${folder}\")
  file(CREATE_LINK ${trainer_link} \"\${folder}/joulefront-train\" SYMBOLIC)" COMPONENT joulefront-train)
if(JOULEFRONT_TORCH)
  # A LibTorch that the system does not find by itself is remembered.
  set_target_properties(joulefront-torch PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)
  install(TARGETS joulefront-train-preload joulefront-torch DESTINATION ${trainer_folder}
    COMPONENT joulefront-train)
endif()

# Manual pages, from what the programs say of themselves.
set(manuals ${CMAKE_BINARY_DIR}/manuals)
add_custom_command(OUTPUT ${manuals}/joulefront/man1/joulefront.1.gz
  COMMAND ${CMAKE_CURRENT_LIST_DIR}/manuals.sh $<TARGET_FILE:joulefront> $<TARGET_FILE:joulefront-train>
    ${JOULEFRONT_DATE} ${manuals}
  DEPENDS joulefront joulefront-train ${CMAKE_CURRENT_LIST_DIR}/manuals.sh VERBATIM)
add_custom_target(manuals ALL DEPENDS ${manuals}/joulefront/man1/joulefront.1.gz)
foreach(package joulefront joulefront-train)
  install(DIRECTORY ${manuals}/${package}/man1 DESTINATION ${CMAKE_INSTALL_MANDIR} COMPONENT ${package})
endforeach()

set(completions ${CMAKE_CURRENT_LIST_DIR}/completions)
install(FILES ${completions}/joulefront.bash DESTINATION ${share}/bash-completion/completions RENAME joulefront
  COMPONENT joulefront)
install(FILES ${completions}/joulefront.fish DESTINATION ${share}/fish/vendor_completions.d COMPONENT joulefront)
# Where zsh looks by itself below /usr/local, and where Debian's does below /usr.
foreach(folder site-functions vendor-completions)
  install(FILES ${completions}/_joulefront DESTINATION ${share}/zsh/${folder} COMPONENT joulefront)
endforeach()

install(FILES modules/joulefront.py modules/joulefront.sh DESTINATION ${share}/joulefront COMPONENT joulefront)
install(FILES README.md DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT joulefront)
install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT joulefront)
install(DIRECTORY examples DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT joulefront
  USE_SOURCE_PERMISSIONS
  PATTERN quickstart.sh EXCLUDE PATTERN install_packages.sh EXCLUDE PATTERN packages.txt EXCLUDE
  PATTERN __pycache__ EXCLUDE)
