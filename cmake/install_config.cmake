# Run by `cmake --install`: the examples of deployments and the systemd unit of config/ (below `source`), as they are where
# the program lies in `bin`, its data in `data` and units in `units`.
function(put text file)
  message(STATUS "Installing: $ENV{DESTDIR}${file}")
  file(WRITE $ENV{DESTDIR}${file} "${text}")
  file(CHMOD $ENV{DESTDIR}${file} PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
endfunction()

file(GLOB deployments ${source}/config/deployments/*.pbtxt)
foreach(deployment ${deployments})
  get_filename_component(name ${deployment} NAME)
  file(READ ${deployment} text)
  string(REPLACE "../../build/" "/tmp/" text "${text}")
  string(REPLACE "config/deployments/" "${data}/deployments/" text "${text}")
  put("${text}" ${data}/deployments/${name})
endforeach()

file(READ "${source}/config/systemd/vireo@.service" text)
string(REPLACE "/usr/local/bin/vireo" "${bin}/vireo" text "${text}")
string(REGEX REPLACE "#   install -m 644 vireo@[^\n]*\n" "" text "${text}")
put("${text}" "${units}/vireo@.service")
