"""Each rule sees the fault it is for, and a small well-kept tree has none."""
import tempfile
import unittest
from pathlib import Path

import tidy
from cpp_text import functions
from tree import Tree

GOOD = {
    "README.md": "# A house\n",
    "src/README.md": "See `base/clock.h` and `rooms.txt`.\n",
    "src/rooms.txt": "base | catch | spdlog/ |\nflow | | arrow/ | base\nhttp | threads | boost/beast | base\n",
    "src/base/README.md": "Read `clock.h`, then `clock.cc`. Add a `<noun>.h`.\n",
    "src/base/clock.h": ("#pragma once\n#include <memory>\nnamespace laketide {\n\n/// Time. Thread-safe.\nclass Clock {\n public:\n"
                         "  int now() const;\n};\n\n/// A point of time.\nstruct Instant {\n  int micros = 0;\n};\n\n}  // namespace laketide\n"),
    "src/base/clock.cc": ('#include "base/clock.h"\n#include <spdlog/spdlog.h>\n#include <sys/stat.h>\n// std::thread in a comment is none.\n'
                          'namespace laketide {\nint Clock::now() const {\n  try { return 1; } catch (...) { return 0; }\n}\n}\n'),
    "include/laketide/status.h": "class [[nodiscard]] Status;\ntemplate <typename T>\nclass [[nodiscard]] Result;\n",
}


def rules(**changes):
    """The rules that a tree breaks after the changes; a name's '__' stands for '/' and '_dot_' for '.'."""
    files = GOOD | {path.replace("__", "/").replace("_dot_", "."): text for path, text in changes.items()}
    with tempfile.TemporaryDirectory() as root:
        for path, text in files.items():
            if text is not None:
                file = Path(root) / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)
        return {finding.rule for finding in tidy.check(Tree(root))}


class TidyTest(unittest.TestCase):
    def test_a_well_kept_tree_has_no_finding(self):
        self.assertEqual(rules(), set())

    def test_an_edge_that_the_table_lacks(self):
        self.assertEqual(rules(src__base__clock_dot_cc='#include "flow/batch.h"\n'), {"edge"})
        self.assertEqual(rules(src__base__clock_dot_cc='#include "clock.h"\n'), {"edge"})
        self.assertEqual(rules(src__base__clock_dot_cc='#include "laketide/nothing.h"\n'), {"edge"})

    def test_third_party_headers_outside_their_room(self):
        self.assertEqual(rules(src__base__clock_dot_cc="#include <boost/beast/http.hpp>\n"), {"third-party"})
        self.assertEqual(rules(src__base__clock_dot_cc="#include <re2/re2.h>\n"), {"third-party"})
        self.assertEqual(rules(include__laketide__engine_dot_h="#include <arrow/type_fwd.h>\n"), {"third-party"})

    def test_a_folder_that_is_no_room(self):
        self.assertIn("rooms", rules(src__attic__old_dot_cc="int x;\n"))

    def test_a_table_out_of_order_or_malformed(self):
        self.assertEqual(rules(src__rooms_dot_txt="base | catch | spdlog/ | flow\nflow | | |\n"), {"rooms"})
        self.assertIn("rooms", rules(src__rooms_dot_txt="base | catch | spdlog/ |\nflow base\n"))
        self.assertEqual(rules(src__rooms_dot_txt="base | catch magic | spdlog/ |\n"), {"rooms"})

    def test_heavy_headers(self):
        flow = {"src__flow__README_dot_md": "A room.\n"}
        self.assertEqual(rules(**flow, src__flow__batch_dot_cc="#include <arrow/api.h>\n"), {"heavy"})
        self.assertEqual(rules(src__base__clock_dot_h="#include <spdlog/spdlog.h>\n"), {"heavy"})

    def test_threads_catch_and_sleep(self):
        flow = {"src__flow__README_dot_md": "A room.\n"}
        self.assertEqual(rules(**flow, src__flow__batch_dot_cc="std::jthread worker;\n"), {"threads"})
        self.assertEqual(rules(**flow, src__flow__batch_dot_cc="std::condition_variable ready;\n"), {"threads"})
        self.assertEqual(rules(**flow, src__flow__batch_dot_cc="CondVar ready;\n"), {"threads"})
        self.assertEqual(rules(**flow, src__flow__batch_dot_cc="void f() { try { } catch (...) { } }\n"), {"catch"})
        self.assertEqual(rules(src__base__clock_dot_cc="void f() { std::this_thread::sleep_for(1s); }\n"), {"sleep"})
        self.assertEqual(rules(tests__base__clock_test_dot_cc="void f() { usleep(10); }\n"), {"sleep"})

    def test_thread_contracts(self):
        self.assertEqual(rules(src__base__clock_dot_h="/// Time.\nclass Clock {\n};\n"), {"contract"})
        self.assertEqual(rules(src__base__clock_dot_h="/// Time.\ntemplate <typename T>\nclass Clock final : public Base<T> {\n};\n"), {"contract"})
        self.assertEqual(rules(src__base__clock_dot_h="/// Time.\nstruct Clock {\n private:\n  int now_;\n};\n"), {"contract"})
        self.assertEqual(rules(src__base__clock_dot_h="class Clock;\nenum class Kind { kA };\n"), set())

    def test_readmes(self):
        self.assertEqual(rules(src__base__README_dot_md=None), {"readme"})
        self.assertEqual(rules(src__base__README_dot_md="Read `sundial.h`.\n"), {"readme"})
        self.assertEqual(rules(src__base__README_dot_md="line\n" * 61), {"readme"})
        self.assertEqual(rules(src__README_dot_md="`base/sundial.h`\n"), {"readme"})

    def test_names_and_places(self):
        self.assertEqual(rules(src__base__utils_dot_cc="int x;\n"), {"name"})
        self.assertEqual(rules(src__base__clock_manager_dot_h="int x;\n"), {"name"})
        self.assertEqual(rules(scripts__x_dot_sh="true\n"), {"top-level"})

    def test_sizes(self):
        body = "  int x = 1;\n" * 70
        self.assertEqual(rules(src__base__clock_dot_cc="int f() {\n" + body + "}\n"), {"function-size"})
        self.assertEqual(rules(src__base__clock_dot_cc="Clock::Clock(int a) : a_{a} {\n" + body + "}\n"), {"function-size"})
        self.assertEqual(rules(src__base__clock_dot_cc="const int kTable[] = {\n" + "  1,\n" * 70 + "};\n"), set())
        self.assertEqual(rules(src__base__clock_dot_cc="int x;\n" * 601), {"file-size"})
        self.assertEqual(rules(src__base__clock_dot_h="int f();\n" * 151), {"file-size"})

    def test_nodiscard_markers_and_parsing(self):
        self.assertEqual(rules(include__laketide__status_dot_h="class Status;\nclass [[nodiscard]] Result;\n"), {"nodiscard"})
        self.assertEqual(rules(src__base__clock_dot_cc="// TO" "DO: later\n"), {"marker"})
        self.assertEqual(rules(conf__a_dot_json="{,}\n"), {"parse"})
        self.assertEqual(rules(conf__a_dot_xml="<a>\n"), {"parse"})
        self.assertEqual(rules(conf__a_dot_sh="if true; then\n"), {"parse"})

    def test_exceptions_are_needed_and_reasoned(self):
        long = {"src__base__clock_dot_cc": "int x;\n" * 601}
        self.assertEqual(rules(**long, tests__tidy__allowed_dot_txt="file-size src/base/clock.cc generated\n"), set())
        self.assertEqual(rules(tests__tidy__allowed_dot_txt="file-size src/base/clock.cc generated\n"), {"allowed"})
        self.assertEqual(rules(tests__tidy__allowed_dot_txt="file-size src/base/clock.cc\n"), {"allowed"})

    def test_functions_are_measured_from_brace_to_brace(self):
        text = 'namespace a {\nclass B {\n  int f() {\n    return 1;\n  }\n  const char* s_ = "{";\n};\nauto g = [](int x) {\n  return x;\n};\n}\n'
        self.assertEqual([(f.name, f.line, f.lines) for f in functions(text)], [("f", 3, 3), ("?", 8, 3)])


if __name__ == "__main__":
    unittest.main()
