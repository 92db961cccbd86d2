// Reads each YAML file named on the command line and says where one does not parse.
#include <yaml-cpp/yaml.h>

#include <iostream>

int main(int argc, char** argv) {
  int broken = 0;
  for (int i = 1; i < argc; ++i) {
    try {
      if (YAML::LoadAllFromFile(argv[i]).empty()) throw YAML::Exception(YAML::Mark(), "holds no document");
    } catch (const YAML::Exception& error) {
      std::cerr << argv[i] << ": " << error.what() << '\n';
      ++broken;
    }
  }
  return broken == 0 ? 0 : 1;
}
