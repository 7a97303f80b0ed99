#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/cli/command.h"

namespace joulefront {
namespace {

using nlohmann::json;

/// A script as people have it: flags in, text out. What it prints goes by $OUTPUT of the test.
constexpr const char* kScript = R"(import argparse
p = argparse.ArgumentParser()
p.add_argument("--lr", type=float)
p.add_argument("--epochs", type=int)
p.add_argument("--optimizer", choices=["sgd", "Adam"])
p.add_argument("--data", default="")
p.add_argument("--seed", type=int)
a = p.parse_args()
assert a.optimizer in ("sgd", "Adam", None)
if a.data:
    open(a.data + "/rows")
for epoch in range(a.epochs):
    print("train loss %f, val loss %f" % (1 / (epoch + 1), a.lr + 1 / (epoch + 1)))
)";

std::string Line(const std::string& text, const std::string& begin) {
  const auto at = text.find("\n" + begin);
  if (at == std::string::npos) return "";
  return text.substr(at + 1, text.find('\n', at + 1) - at - 1);
}

/// The study file for a command of sh that prints these lines.
std::string InitFor(const Workshop& shop, const std::string& output) {
  shop.Write("print.sh", "cat <<'END'\n" + output + "\nEND\n");
  const Outcome init =
      shop.Run({"init", "-o", "study.toml", "--", "sh", "print.sh", "--lr", "0.1"});
  INFO(init.err);
  CHECK(init.code == 0);
  const std::string text = shop.Read("study.toml");
  CHECK(shop.Shell("rm study.toml").code == 0);
  return text;
}

TEST_CASE("init writes a study file of a script that try and run take as it is") {
  const Workshop shop;
  shop.Write("train.py", kScript);
  CHECK(shop.Shell("mkdir data && touch data/rows").code == 0);
  const Outcome init = shop.Run({"init", "--", "python3", "train.py", "--lr=0.1", "--epochs", "2",
                                 "--optimizer", "Adam", "--data", "data", "--seed", "3"});
  INFO(init.err);
  CHECK(init.code == 0);
  CHECK(init.err.ends_with("  joulefront try train.toml\n  joulefront run train.toml\n"));
  const std::string text = shop.Read("train.toml");
  INFO(text);
  CHECK(Line(text, "lr =") ==
        "lr = { type = \"float\", low = 0.01, high = 1.0, log = true }   # given: --lr=0.1");
  CHECK(Line(text, "epochs =") ==
        "epochs = { type = \"int\", low = 1, high = 4 }   # given: --epochs 2");
  CHECK(Line(text, "optimizer =") ==
        "optimizer = { type = \"categorical\", choices = [\"Adam\", \"sgd\"] }   # given: "
        "--optimizer Adam");
  CHECK(Line(text, "command =") ==
        "command = [\"python3\", \"train.py\", \"--lr={lr}\", \"--epochs\", \"{epochs}\", "
        "\"--optimizer\", \"{optimizer}\", \"--data\", \"{study_dir}/data\", \"--seed\", \"3\"]");
  CHECK(Line(text, "val_loss =") == "val_loss = { direction = \"minimize\" }");
  CHECK(Line(text, "# train_loss =") != "");

  const Outcome tried = shop.Run({"try", "train.toml"});
  CHECK(tried.code == 0);
  CHECK(tried.out.starts_with("configuration {\"lr\":0.1,\"epochs\":2,\"optimizer\":\"Adam\"}\n"));
  CHECK(tried.out.find("\nval_loss = 0.6\n") != std::string::npos);
  CHECK(shop.Run({"run", "train.toml", "-q", "--trials", "4"}).code == 0);
  const json trials =
      json::parse(shop.Run({"export", "train.db", "--format", "json"}).out)["trials"];
  REQUIRE(trials.size() == 4);
  for (const json& trial : trials) {
    const json& configuration = trial["configuration"];
    CHECK(trial["values"]["val_loss"].get<double>() ==
          Approx(configuration["lr"].get<double>() + 1.0 / configuration["epochs"].get<double>())
              .margin(1e-6));
  }
}

TEST_CASE(
    "init takes the metric that a person would: of validation first, counted before descended on") {
  const Workshop shop;
  const auto objective = [&](const std::string& output) {
    const std::string text = InitFor(shop, output);
    const auto at = text.find("\n[objectives]\n");
    const auto line = text.find('\n', text.find('\n', at + 1) + 1) + 1;
    return text.substr(line, text.find('\n', line) - line);
  };
  CHECK(objective("loss: 0.5 - accuracy: 0.8 - val_loss: 0.6 - val_accuracy: 0.7") ==
        "val_accuracy = { direction = \"maximize\" }");
  CHECK(objective("{\"epoch\": 3, \"val_loss\": 0.31}") ==
        "val_loss = { direction = \"minimize\" }");
  CHECK(objective("Test set: Average loss: 0.03, Accuracy: 9907/10000 (99%)") ==
        "test_accuracy = { direction = \"maximize\" }");
  CHECK(objective("Accuracy of the network on the 10000 test images: 55 %") ==
        "accuracy = { direction = \"maximize\" }");
  CHECK(objective("[5] train/loss=0.3 eval/f1=0.9") == "eval_f1 = { direction = \"maximize\" }");
  CHECK(objective("{'eval_loss': 0.33, 'eval_accuracy': 0.87, 'epoch': 1.0}") ==
        "eval_accuracy = { direction = \"maximize\" }");
  CHECK(objective("\u2502   test_acc   \u2502    0.9157   \u2502") ==
        "test_acc = { direction = \"maximize\" }");
  CHECK(objective("[100]\ttraining's auc: 0.9\tvalid_0's binary_logloss: 0.41") ==
        "valid_0_binary_logloss = { direction = \"minimize\" }");
  CHECK(objective("best so far\nRMSE 3.5") == "rmse = { direction = \"minimize\" }");
  CHECK(objective("{\"joulefront\": \"result\", \"values\": {\"size\": 3, \"val_err\": 0.5}}") ==
        "val_err = { direction = \"minimize\" }");
}

TEST_CASE("init reads the last state of a progress bar, and minds no foreign bytes") {
  const Workshop shop;
  shop.Write("print.sh",
             "printf 'step 1 val_loss=0.5\\rstep 2 val_loss=0.25\\r\\033[31m\\377\\n'\n"
             "printf '%05000d loss=7\\n' 0\n");
  const Outcome init =
      shop.Run({"init", "--name", "n", "--", "sh", "print.sh", "--lr", "0.1", "a'\"\\\n\u00e9{b}"});
  INFO(init.err);
  CHECK(init.code == 0);
  CHECK(Line(shop.Read("n.toml"), "val_loss =") == "val_loss = { direction = \"minimize\" }");
  const Outcome tried = shop.Run({"try", "n.toml"});
  CHECK(tried.out.find("\nval_loss = 0.25\n") != std::string::npos);
}

TEST_CASE("init weighs the phase train where the program announces it") {
  const Workshop shop;
  const std::string text =
      InitFor(shop, "{\"joulefront\": \"phase\", \"name\": \"train\"}\nerror=0.5");
  CHECK(Line(text, "energy =") == "energy = { direction = \"minimize\", phase = \"train\" }");
  CHECK(Line(InitFor(shop, "error=0.5"), "energy =") ==
        "energy = { direction = \"minimize\", phase = \"total\" }");
}

TEST_CASE("init reads the last match, whatever form the number has") {
  const Workshop shop;
  for (const auto& [output, value] : {std::pair("error: .5.", "0.5"),
                                      {"'error': 1e-3,", "0.001"},
                                      {"error=3\nerror=-4", "-4"},
                                      {"| error | 2 |", "2"},
                                      {"\u2502 error \u2502 7 \u2502", "7"}}) {
    shop.Write("print.sh", std::string("cat <<'END'\n") + output + "\nEND\n");
    CHECK(shop.Run({"init", "--name", "n", "--", "sh", "print.sh", "lr=0.1"}).code == 0);
    const Outcome tried = shop.Run({"try", "n.toml"});
    INFO(tried.err);
    CHECK(tried.out.find(std::string("\nerror = ") + value + "\n") != std::string::npos);
    CHECK(shop.Shell("rm n.toml").code == 0);
  }
}

TEST_CASE("init guesses from every form of argument") {
  const Workshop shop;
  const Outcome init = shop.Run({"init",
                                 "--no-run",
                                 "--name",
                                 "n",
                                 "--",
                                 "./prog",
                                 "model.depth=3",
                                 "--amp",
                                 "--dropout",
                                 "0.1",
                                 "--weight-decay=0",
                                 "--workers",
                                 "4",
                                 "x{y}",
                                 "0.25",
                                 "--flag",
                                 "true",
                                 "--bias=-0.5",
                                 "+opt.lr=1",
                                 "--layers",
                                 "3",
                                 "4",
                                 "5"});
  INFO(init.err);
  CHECK(init.code == 0);
  const std::string text = shop.Read("n.toml");
  INFO(text);
  CHECK(Line(text, "command =") ==
        "command = [\"./prog\", \"model.depth={model.depth}\", \"--amp\", \"--dropout\", "
        "\"{dropout}\", \"--weight-decay={weight_decay}\", \"--workers\", \"4\", \"x{{y}\", "
        "\"{argument_9}\", \"--flag\", \"{flag}\", \"--bias={bias}\", \"+opt.lr={opt.lr}\", "
        "\"--layers\", \"3\", \"4\", \"5\"]");
  CHECK(Line(text, "\"model.depth\" =")
            .starts_with("\"model.depth\" = { type = \"int\", low = 1, high = 12, log = true }"));
  CHECK(
      Line(text, "dropout =").starts_with("dropout = { type = \"float\", low = 0.0, high = 0.5 }"));
  CHECK(Line(text, "weight_decay =")
            .starts_with("weight_decay = { type = \"float\", low = 0.0, high = 0.1 }"));
  CHECK(Line(text, "flag =")
            .starts_with("flag = { type = \"categorical\", choices = [\"true\", \"false\"] }"));
  CHECK(Line(text, "bias =").starts_with("bias = { type = \"float\", low = -1.0, high = -0.25 }"));
  CHECK(Line(text, "\"opt.lr\" =")
            .starts_with("\"opt.lr\" = { type = \"float\", low = 0.25, high = 4.0, log = true }"));
  CHECK(shop.Run({"run", "n.toml", "--check"}).code == 2);  // there is no ./prog
}

TEST_CASE("init starts a program that finds its files by its folder in that folder") {
  const Workshop shop;
  CHECK(shop.Shell("mkdir pkg && echo 7 > rows").code == 0);
  shop.Write("pkg/train.py", "import sys\nprint('error', float(sys.argv[2]))\n");
  shop.Write("reads.sh", "set -e\nrows=$(cat rows)\necho error $rows\n");
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"python3", "-m", "pkg.train", "--lr", "0.1"},
        {"sh", "reads.sh", "--lr", "0.1"}}) {
    std::vector<std::string> arguments = {"init", "--name", "n", "-o", "studies.toml", "--"};
    arguments.insert(arguments.end(), command.begin(), command.end());
    const Outcome init = shop.Run(arguments);
    INFO(init.err);
    CHECK(init.code == 0);
    CHECK(shop.Read("studies.toml").find("command = [\"env\", \"-C\", \"{study_dir}\", ") !=
          std::string::npos);
    CHECK(shop.Run({"try", "studies.toml"}).code == 0);
    CHECK(shop.Shell("rm studies.toml").code == 0);
  }
}

TEST_CASE("init writes into another folder what is found from there") {
  const Workshop shop;
  shop.Write("train.sh", "cat \"$2\" && echo error 1\n");
  CHECK(shop.Shell("mkdir -p a/b data && echo hello > data/rows").code == 0);
  const Outcome init =
      shop.Run({"init", "-o", "a/b/s.toml", "--", "sh", "train.sh", "lr=0.1", "data/rows"});
  INFO(init.err);
  CHECK(init.code == 0);
  CHECK(Line(shop.Read("a/b/s.toml"), "command =") ==
        "command = [\"sh\", \"{study_dir}/../../train.sh\", \"lr={lr}\", "
        "\"{study_dir}/../../data/rows\"]");
  CHECK(shop.Shell("cd / && $JF try " + (shop / "a/b/s.toml")).code == 0);
}

TEST_CASE("init never overwrites, and says what is wrong before it runs anything") {
  const Workshop shop;
  shop.Write("train.toml", "mine");
  shop.Write("train.sh", "touch \"$JOULEFRONT_WORK_DIR/../ran\"; exit 3\n");
  const auto fault = [&](const std::vector<std::string>& arguments, int code) {
    const Outcome init = shop.Run(arguments);
    CHECK(init.code == code);
    CHECK(init.out == "");
    return init.err.substr(0, init.err.find('\n'));
  };
  CHECK(fault({"init", "--", "sh", "train.sh", "--lr", "1"}, 2) ==
        "joulefront init: 'train.toml' is there already, and is never overwritten; name another "
        "file with -o, or remove it");
  CHECK(shop.Read("train.toml") == "mine");
  CHECK(fault({"init"}, 2) ==
        "joulefront init: name the command that trains, after two dashes: joulefront init -- "
        "python3 train.py");
  CHECK(fault({"init", "--"}, 2) ==
        "joulefront init: name the command that trains, after two dashes: joulefront init -- "
        "python3 train.py");
  CHECK(fault({"init", "--name", "a/b", "--", "x", "1"}, 2)
            .starts_with("joulefront init: the study's name cannot be 'a/b'"));
  CHECK(fault({"init", "--name", "n", "--", "sh", "train.sh", "--quick"}, 2)
            .starts_with("joulefront init: nothing in the command line looks as if it may vary"));
  CHECK(fault({"init", "--timeout", "5", "--", "x", "1"}, 2)
            .starts_with("joulefront init: --timeout: "));
  CHECK(fault({"init", "-o", "none/n.toml", "--", "sh", "train.sh", "--lr", "1"}, 1)
            .starts_with("joulefront init: cannot write into '"));
  CHECK(shop.Run({"init", "--name", "n", "--", "no-such-program", "--lr", "1"}).code == 2);
  const Outcome failed = shop.Run({"init", "--name", "n", "--", "sh", "train.sh", "--lr", "1"});
  CHECK(failed.code == 1);
  CHECK(failed.err.find("the command ended with exit code 3; mend it, or write the file without "
                        "running it: --no-run") != std::string::npos);
  CHECK_FALSE(shop.Has("n.toml"));
}

TEST_CASE("init ends a command that takes too long, and keeps what it had printed") {
  const Workshop shop;
  shop.Write("slow.sh", "echo error 0.5\nexec sleep 600\n");
  const Outcome init =
      shop.Run({"init", "--timeout", "500 ms", "--", "sh", "slow.sh", "--lr", "0.1"});
  CHECK(init.code == 0);
  const std::string text = shop.Read("slow.toml");
  CHECK(Line(text, "error =") == "error = { direction = \"minimize\" }");
  CHECK(text.find("# The trial run took longer than --timeout, and was ended.\n") !=
        std::string::npos);
}

TEST_CASE("init says when there is no metric to be found") {
  const Workshop shop;
  shop.Write("mute.sh", "echo done\n");
  const Outcome init = shop.Run({"init", "--", "sh", "mute.sh", "--lr", "0.1"});
  CHECK(init.code == 0);
  CHECK(init.err.find("its output has no number that looks like a metric; write the expression "
                      "for yours into [trainer.metrics] first\n") != std::string::npos);
  CHECK(shop.Run({"run", "mute.toml", "--check"}).code == 0);
}

TEST_CASE("run --check shows the space and the first trials with their command lines") {
  const Workshop shop;
  const std::string study =
      "[study]\nname = \"s\"\n[objectives]\nerror = { direction = \"minimize\" }\n"
      "energy = { direction = \"minimize\", phase = \"total\" }\n[space]\n"
      "layers = { type = \"int\", low = 1, high = 3 }\n"
      "optimizer = { type = \"categorical\", choices = [\"sgd\", \"adam\"], when = { layers = { "
      "min "
      "= 2 } } }\n[budget]\ntrials = 9\n[search]\ndefault = { layers = 2 }\n";
  const auto with = [&](const std::string& rest) {
    shop.Write("study.toml", study + rest);
    return shop.Run({"run", "study.toml", "--check"});
  };
  const Outcome check = with("[trainer]\ncommand = [\"sh\", \"train.sh\", \"{layers}\"]\n");
  INFO(check.out + check.err);
  CHECK(check.code == 0);
  CHECK(check.out.find("space    2 parameters, 5 configurations\n"
                       "         layers     whole numbers from 1 to 3\n"
                       "         optimizer  one of sgd, adam; only where layers is from 2\n") !=
        std::string::npos);
  CHECK(check.out.find("store    s.db, a new study\n") != std::string::npos);
  CHECK(check.out.find("\ntrial 0  default: {\"layers\":2,\"optimizer\":\"sgd\"}\n         sh "
                       "train.sh 2\n") != std::string::npos);
  CHECK(check.out.find("\ntrial 1  sobol: ") != std::string::npos);
  CHECK(check.out.find("\ntrial 3 ") == std::string::npos);
  CHECK_FALSE(shop.Has("s.db"));

  const auto fault = [&](const std::string& rest) {
    const Outcome bad = with(rest);
    CHECK(bad.code == 2);
    CHECK(bad.out == "");
    return bad.err;
  };
  CHECK(fault("[trainer]\ncommand = [\"no-such-program\"]\n")
            .starts_with("joulefront run: [trainer] command: there is no program 'no-such-program' "
                         "beside joulefront "
                         "or in PATH"));
  shop.Write("plain.sh", "true\n");
  CHECK(
      fault("[trainer]\ncommand = [\"./plain.sh\"]\n").find("may not be executed; try: chmod +x") !=
      std::string::npos);
  shop.Write("prog", "#!/bin/sh\n");
  shop.Write("prog.so", "no library");
  CHECK(shop.Shell("chmod +x prog").code == 0);
  CHECK(fault("[trainer]\npreload = true\ncommand = [\"./prog\"]\n")
            .find("[trainer] preload = true: ") != std::string::npos);
  const Outcome note =
      with("[trainer]\ncommand = [\"sh\"]\n[launch]\ncommand = [\"ssh\", \"{worker}\"]\n");
  CHECK(note.out.find(
            "note     [launch] has a command, which workers of kind \"local\" do not heed; "
            "write kind = \"command\", or run with --launch command\n") != std::string::npos);
}

TEST_CASE("try begins with the study file's default") {
  const Workshop shop;
  shop.Write(
      "s.toml",
      "[study]\nname = \"s\"\n[objectives]\nerror = { direction = \"minimize\" }\n"
      "energy = { direction = \"minimize\", phase = \"total\" }\n[space]\n"
      "a = { type = \"int\", low = 1, high = 9 }\nb = { type = \"int\", low = 1, high = 9 }\n"
      "[search]\ndefault = { a = 2, b = 3 }\n[trainer]\ncommand = [\"echo\", \"error=1\"]\n"
      "metrics = { error = 'error=(\\d+)' }\n");
  const Outcome tried = shop.Run({"try", "s.toml", "--set", "b=7"});
  CHECK(tried.code == 0);
  CHECK(tried.out.starts_with("configuration {\"a\":2,\"b\":7}\nenergy = "));
  CHECK(tried.out.find(" (estimated)\nerror = 1\n") != std::string::npos);
}

}  // namespace
}  // namespace joulefront
