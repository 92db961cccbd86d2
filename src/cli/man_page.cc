#include "cli/man_page.h"

#include <algorithm>
#include <sstream>

#include <CLI/CLI.hpp>

namespace laketide::cli {
namespace {

constexpr const char* kHead =
    ".\\\" Made by `laketide man-page`: do not edit.\n"
    ".TH LAKETIDE 1 \"\" Laketide \"User Commands\"\n"
    ".SH NAME\n"
    "laketide \\- Kafka streams into Delta Lake and PostgreSQL, exactly once\n"
    ".SH SYNOPSIS\n"
    ".B laketide\n"
    ".I command\n"
    ".RI [ options ]\n"
    ".SH DESCRIPTION\n"
    "One process that runs Kafka streams and Kafka batch jobs on one engine with one fair scheduler.\n"
    "It is started once, with\n"
    ".BR \"laketide serve\" ,\n"
    "and driven over HTTP, or with the other commands.\n";

constexpr const char* kTail =
    ".SH EXIT STATUS\n"
    ".TP\n.B 0\nDone.\n"
    ".TP\n.B 1\nThe work failed, or the service refused it.\n"
    ".TP\n.B 2\nWrong use: options that do not fit.\n"
    ".TP\n.B 3\nConfiguration refused; also: port taken, state directory in use.\n"
    ".TP\n.B 4\nA dependency could not be reached.\n"
    ".SH ENVIRONMENT\n"
    ".TP\n.B LAKETIDE_URL\nThe running service, as with \\-\\-url.\n"
    ".TP\n.B LAKETIDE_TOKEN\nThe token that is sent to it, unless \\-\\-token\\-file names a file.\n"
    ".TP\n.BI LAKETIDE_ SECTION __ KEY\nOverrides a key of the service file, as LAKETIDE_SERVER__LISTEN does server.listen.\n"
    ".SH FILES\n"
    ".TP\n.I conf/laketide.yaml\nThe service file that is read if none is named;\n.I /etc/laketide/laketide.yaml\nif that is not there.\n"
    ".TP\n.I conf/pipelines/*.yaml\nThe pipelines that the service knows, unless its file says otherwise.\n";

/// Text that roff takes for itself in no place.
std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') out += "\\e";
    else if (c == '-') out += "\\-";
    else if (c == '\'') out += "\\(aq";
    else if (c == '`') out += "\\(ga";
    else if (c == '^') out += "\\(ha";
    else if (c == '~') out += "\\(ti";
    else if (c == '"') out += "\\(dq";
    else out += c;
  }
  return out.starts_with('.') ? "\\&" + out : out;
}

bool is_common(const CLI::Option& option) {
  const auto& names = option.get_lnames();
  return std::ranges::any_of(names, [](const std::string& name) { return name == "help" || name == "output" || name == "url" || name == "token-file"; });
}

std::string value_of(const CLI::Option& option) {
  if (option.get_expected_max() == 0 || option.get_type_size_max() == 0) return {};
  std::string type = option.get_type_name();
  type = type.substr(0, type.find(':'));
  if (type == "[DURATION]") return " [duration]";
  std::ranges::transform(type, type.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return " " + (type.empty() ? std::string("value") : type);
}

void add_option(const CLI::Option& option, std::ostream& out) {
  std::string names = option.get_positional() ? option.get_name() : option.get_name(false, true);
  for (size_t at = 0; (at = names.find(',', at)) != std::string::npos; at += 2) names.replace(at, 1, ", ");
  out << ".TP\n.B " << escaped(names);
  if (!option.get_positional()) out << escaped(value_of(option));
  out << '\n' << escaped(option.get_description());
  if (!option.get_default_str().empty()) out << "; default " << escaped(option.get_default_str());
  out << ".\n";
}

/// The footer: what is indented is to be typed, what is not is said.
void add_footer(const std::string& footer, std::ostream& out) {
  std::istringstream lines(footer);
  bool typed = false;
  for (std::string line; std::getline(lines, line);) {
    if (line == "Examples:") continue;
    const bool is_typed = line.starts_with("  ");
    if (is_typed != typed) out << (is_typed ? ".PP\n.RS\n.nf\n" : ".fi\n.RE\n.PP\n");
    typed = is_typed;
    out << escaped(is_typed ? line.substr(2) : line) << '\n';
  }
  if (typed) out << ".fi\n.RE\n";
}

void add_command(const CLI::App& command, const std::string& parent, std::ostream& out) {
  const std::string name = parent + " " + command.get_name();
  const auto commands = command.get_subcommands([](const CLI::App*) { return true; });
  if (!commands.empty()) {
    for (const CLI::App* one : commands) add_command(*one, name, out);
    return;
  }
  out << ".SS " << escaped(name);
  const auto options = command.get_options();
  for (const CLI::Option* option : options) {
    if (option->get_positional()) out << ' ' << escaped(option->get_required() ? option->get_name() : "[" + option->get_name() + "]");
  }
  out << '\n' << escaped(command.get_description()) << ".\n";
  for (const CLI::Option* option : options) {
    if (!is_common(*option)) add_option(*option, out);
  }
  add_footer(command.get_footer(), out);
}

/// One command that has them all tells what they are.
void add_common(const CLI::App& app, std::ostream& out) {
  const auto status = app.get_subcommands([](const CLI::App* one) { return one->get_name() == "status"; });
  out << ".SH COMMON OPTIONS\nAll commands take \\-\\-help; those that print a result, \\-o; those that talk to a running service, the others.\n";
  for (const CLI::Option* option : status.front()->get_options()) add_option(*option, out);
}

}  // namespace

std::string man_page(const CLI::App& app) {
  std::ostringstream out;
  out << kHead << ".SH COMMANDS\n";
  for (const CLI::App* command : app.get_subcommands([](const CLI::App* one) { return !one->get_group().empty(); })) add_command(*command, "laketide", out);
  add_common(app, out);
  out << kTail;
  return out.str();
}

}  // namespace laketide::cli
