# SPDX-License-Identifier: Apache-2.0
#
# cmake -DINPUT=… -DOUTPUT=… -P embed.cmake: a file as an array of bytes.
file(READ "${INPUT}" bytes HEX)
string(REGEX REPLACE "(................)" "\\1\n" bytes "${bytes}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
file(WRITE "${OUTPUT}" "#include \"programs/kata-agent-ctl/descriptor_set.h\"\n
namespace kata::agentctl {
extern const unsigned char kDescriptorSet[] = {\n${bytes}};
extern const std::size_t kDescriptorSetSize = sizeof kDescriptorSet;
}  // namespace kata::agentctl\n")
