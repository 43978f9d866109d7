# The pages of the manual and the completion of shells: the program prints them from its own tables
# of options, so they cannot say what it does not do.
if(NOT TARGET samjoko OR CMAKE_CROSSCOMPILING)
  return()
endif()
set(printed ${CMAKE_CURRENT_BINARY_DIR}/printed)
set(pages "")
function(samjoko_print file)
  add_custom_command(OUTPUT ${printed}/${file}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${printed}
    COMMAND samjoko ${ARGN} > ${printed}/${file}
    DEPENDS samjoko VERBATIM)
  set(pages ${pages} ${printed}/${file} PARENT_SCOPE)
endfunction()
samjoko_print(samjoko.1 manual 1)
samjoko_print(samjoko.toml.5 manual 5)
samjoko_print(samjoko.bash completion bash)
samjoko_print(samjoko.zsh completion zsh)
samjoko_print(samjoko.fish completion fish)
add_custom_target(printed ALL DEPENDS ${pages})

install(FILES ${printed}/samjoko.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${printed}/samjoko.toml.5 DESTINATION ${CMAKE_INSTALL_MANDIR}/man5)
install(FILES ${printed}/samjoko.bash RENAME samjoko
  DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(FILES ${printed}/samjoko.zsh RENAME _samjoko
  DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
install(FILES ${printed}/samjoko.fish DESTINATION
  ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
