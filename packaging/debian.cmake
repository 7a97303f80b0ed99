# `cpack` in a build folder makes Debian packages: joulefront, and joulefront-train, which needs LibTorch.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL joulefront)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "${maintainer}")
set(CPACK_DEBIAN_JOULEFRONT_PACKAGE_NAME joulefront)
set(CPACK_COMPONENT_JOULEFRONT_DESCRIPTION "training configurations that are worth their joules
Searches the configurations of a training, with any program as the trainer,
meters every training, and gives the front of accuracy versus energy to
choose from. Workers are processes of this machine or of many.")
set(CPACK_DEBIAN_JOULEFRONT_PACKAGE_SUGGESTS joulefront-train)
if(JOULEFRONT_TORCH)
  list(APPEND CPACK_COMPONENTS_ALL joulefront-train)
  set(CPACK_DEBIAN_JOULEFRONT-TRAIN_PACKAGE_NAME joulefront-train)
  set(CPACK_COMPONENT_JOULEFRONT-TRAIN_DESCRIPTION "trainers of networks for joulefront, by LibTorch
Multilayer perceptrons, convolutional networks, cells and transformers,
trained on tables, images, sequences and texts; and a program that answers
from a table of earlier results.")
set(CPACK_DEBIAN_JOULEFRONT-TRAIN_PACKAGE_RECOMMENDS "joulefront, libopenblas0-pthread")
endif()

# What Debian wants beside: copyright, and changelogs, compressed.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS CHANGELOG.md packaging/changelog)
foreach(package IN LISTS CPACK_COMPONENTS_ALL)
  set(folder ${CMAKE_BINARY_DIR}/debian/${package})
  file(MAKE_DIRECTORY ${folder})
  string(REPLACE "joulefront (" "${package} (" own_changelog "${changelog}")
  file(WRITE ${folder}/changelog.Debian "${own_changelog}")
  configure_file(CHANGELOG.md ${folder}/changelog COPYONLY)
  execute_process(COMMAND gzip -9nf ${folder}/changelog.Debian ${folder}/changelog)
  install(FILES ${folder}/changelog.Debian.gz ${folder}/changelog.gz ${CMAKE_CURRENT_LIST_DIR}/copyright
    DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/doc/${package} COMPONENT ${package})
endforeach()
include(CPack)
