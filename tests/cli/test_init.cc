#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <sstream>

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
                                 "--weight-decay=0.0",
                                 "--workers",
                                 "4",
                                 "x{y}",
                                 "0.25",
                                 "--flag",
                                 "true",
                                 "--nesterov",
                                 "true",
                                 "--bias=-0.5",
                                 "+opt.lr=1.0",
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
        "\"{argument_9}\", \"--flag\", \"true\", \"--nesterov\", \"{nesterov}\", "
        "\"--bias={bias}\", \"+opt.lr={opt.lr}\", "
        "\"--layers\", \"3\", \"4\", \"5\"]");
  CHECK(Line(text, "\"model.depth\" =")
            .starts_with("\"model.depth\" = { type = \"int\", low = 1, high = 12, log = true }"));
  CHECK(
      Line(text, "dropout =").starts_with("dropout = { type = \"float\", low = 0.0, high = 0.5 }"));
  CHECK(Line(text, "weight_decay =")
            .starts_with("weight_decay = { type = \"float\", low = 0.0, high = 0.1 }"));
  CHECK(Line(text, "nesterov =")
            .starts_with("nesterov = { type = \"categorical\", choices = [\"true\", \"false\"] }"));
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
  CHECK(failed.err.find("the command ended with exit code 3 in the folder where it was typed; "
                        "repair it, or write the file without running it: --no-run") !=
        std::string::npos);
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

/// The text that init writes for a command that is not run.
std::string Guessed(const Workshop& shop, const std::vector<std::string>& command) {
  std::vector<std::string> arguments = {"init", "--no-run", "--name", "n", "--"};
  arguments.insert(arguments.end(), command.begin(), command.end());
  const Outcome init = shop.Run(arguments);
  INFO(init.err);
  CHECK(init.code == 0);
  const std::string text = shop.Read("n.toml");
  CHECK(shop.Shell("rm n.toml").code == 0);
  return text;
}

std::string SpaceOf(const std::string& text, const std::string& name) {
  const std::string line = Line(text, name + " =");
  return line.substr(0, line.find("   #"));
}

TEST_CASE("init keeps whole numbers whole unless the script declares them otherwise") {
  const Workshop shop;
  const std::string text =
      Guessed(shop, {"./prog", "lr_decay_iters=100", "--lr", "1", "--lora_alpha=16", "--wd=1e-4"});
  CHECK(SpaceOf(text, "lr_decay_iters") ==
        "lr_decay_iters = { type = \"int\", low = 25, high = 200, log = true }");
  CHECK(SpaceOf(text, "lr") == "lr = { type = \"int\", low = 1, high = 4 }");
  CHECK(Line(text, "lr =").find("whole numbers, as it was given") != std::string::npos);
  CHECK(SpaceOf(text, "lora_alpha").starts_with("lora_alpha = { type = \"int\""));
  CHECK(SpaceOf(text, "wd").starts_with("wd = { type = \"float\""));
  CHECK(Line(text, "default =") ==
        "default = { lr_decay_iters = 100, lr = 1, lora_alpha = 16, wd = 0.0001 }");
  shop.Write("train.py", kScript);
  CHECK(SpaceOf(Guessed(shop, {"python3", "train.py", "--lr", "1"}), "lr") ==
        "lr = { type = \"float\", low = 0.25, high = 4.0, log = true }");
}

TEST_CASE("init keeps what one number must keep to another") {
  const Workshop shop;
  const std::string text = Guessed(shop, {"./prog", "--n_embd=128", "--n_head=4", "--min_lr=1e-5",
                                          "--max_lr=1e-3", "--warmup_epochs=5", "--epochs=20"});
  CHECK(SpaceOf(text, "n_embd") == "n_embd = { type = \"int\", low = 32, high = 512, step = 32 }");
  CHECK(SpaceOf(text, "n_head") == "n_head = { type = \"ordinal\", choices = [1, 2, 4, 8, 16] }");
  CHECK(SpaceOf(text, "min_lr").empty());
  CHECK(text.find("\"--min_lr=1e-5\"") != std::string::npos);
  CHECK(SpaceOf(text, "max_lr") ==
        "max_lr = { type = \"float\", low = 0.0001, high = 0.01, log = true }");
  CHECK(SpaceOf(text, "warmup_epochs") == "warmup_epochs = { type = \"int\", low = 1, high = 5 }");
  CHECK(SpaceOf(text, "epochs") == "epochs = { type = \"int\", low = 6, high = 40 }");
  // Heads whose width is not given divide what the given ones divide.
  CHECK(SpaceOf(Guessed(shop, {"./prog", "--heads=6"}), "heads") ==
        "heads = { type = \"ordinal\", choices = [1, 2, 3, 6] }");
  // 300 in steps of a quarter would not be divided by 12.
  const std::string odd = Guessed(shop, {"./prog", "--d_model=300", "--nhead=12"});
  CHECK(SpaceOf(odd, "d_model").ends_with("low = 300, high = 1200, step = 300 }"));
}

TEST_CASE("init leaves alone what would break a training rather than change it") {
  const Workshop shop;
  const std::string text = Guessed(
      shop, {"./prog", "-t", "2", "-v", "5", "-c", "1", "-g", "0.5", "compile=False", "--seed=007",
             "dtype=float32", "--subsample=1.0", "--beta2=0.999", "--stride=2", "--block_size=64"});
  CHECK(text.find("\"-t\", \"2\", \"-v\", \"5\", \"-c\", \"{c}\", \"-g\", \"{g}\", "
                  "\"compile=False\", \"--seed=007\", \"dtype=float32\"") != std::string::npos);
  CHECK(text.find("# These stay as they are: -t 2, -v 5, --seed=007, --stride=2.") !=
        std::string::npos);
  CHECK(SpaceOf(text, "subsample").ends_with("low = 0.25, high = 1.0 }"));
  CHECK(SpaceOf(text, "beta2").ends_with("low = 0.996, high = 0.99975 }"));
  CHECK(SpaceOf(text, "block_size").ends_with("low = 16, high = 64 }"));
  const Outcome kinds = shop.Run({"init", "--name", "n", "--", "./prog", "-t", "2"});
  CHECK(kinds.code == 2);
  CHECK(
      kinds.err.find("nothing in the command line looks as if it may vary (-t 2 is left alone)") !=
      std::string::npos);
}

TEST_CASE("init takes choices that the script declares, and no others") {
  const Workshop shop;
  shop.Write(
      "t.py",
      "# 'rmsprop' was tried\np.add_argument('--opt', choices=['sgd', 'adam'],\n"
      "               default='sgd')\np.add_argument('--act', default='relu')  # or 'tanh'\n");
  const std::string text = Guessed(shop, {"python3", "t.py", "--opt", "sgd", "--act", "relu"});
  CHECK(SpaceOf(text, "opt") == "opt = { type = \"categorical\", choices = [\"sgd\", \"adam\"] }");
  CHECK(SpaceOf(text, "act") == "act = { type = \"categorical\", choices = [\"relu\", \"tanh\"] }");
}

TEST_CASE(
    "init finds metrics beside tabs, in words and before their names, and names all of them") {
  const Workshop shop;
  shop.Write("print.sh",
             "printf 'Progress: 100.0%% lr:  0.000000 avg.loss:  0.581799 ETA:   0h 0m\\n'\n"
             "printf 'N\\t5310\\nP@1\\t0.762\\nR@1\\t0.761\\n'\n");
  const Outcome init = shop.Run({"init", "--name", "n", "--", "sh", "print.sh", "--lr", "0.1"});
  INFO(init.err);
  CHECK(init.code == 0);
  CHECK(init.err.find("metric p_1 (P@1 0.762)\nalso found: r_1 (R@1 0.761), avg_loss "
                      "(avg.loss:  0.581799)\n") != std::string::npos);
  CHECK(shop.Run({"try", "n.toml"}).out.find("\np_1 = 0.762\n") != std::string::npos);
  CHECK(shop.Shell("rm n.toml").code == 0);
  const auto value = [&](const std::string& output) {
    shop.Write("print.sh", "cat <<'END'\n" + output + "\nEND\n");
    const Outcome made = shop.Run({"init", "--name", "n", "--", "sh", "print.sh", "--lr", "0.1"});
    INFO(made.err);
    CHECK(made.code == 0);
    const std::string out = shop.Run({"try", "n.toml"}).out;
    CHECK(shop.Shell("rm n.toml").code == 0);
    std::istringstream lines(out);
    for (std::string line; std::getline(lines, line);) {
      if (line.find(" = ") != std::string::npos && !line.starts_with("energy")) return line;
    }
    return std::string();
  };
  CHECK(value("val acc 0.7\ntest acc 0.9\ntrain acc 0.99") == "val_acc = 0.7");
  CHECK(value("test loss 0.5 test accuracy 0.9\nvalidation loss 0.4") == "validation_loss = 0.4");
  CHECK(value("accuracy: mean=0.91, std=0.02") == "accuracy = 0.91");
  CHECK(value("accuracy std: 0.02, mean: 0.91") == "accuracy = 0.91");
  CHECK(value("accuracy mean 0.91 std 0.02") == "accuracy = 0.91");
  CHECK(value("0.98 accuracy with a standard deviation of 0.02") == "accuracy = 0.98");
  CHECK(value("acc_mean 0.8\nacc_std 0.1") == "acc_mean = 0.8");
  CHECK(value("std of accuracy: 0.02\naccuracy: 0.9") == "accuracy = 0.9");
  CHECK(value("test-rmse-mean:0.5\ttest-rmse-std:0.1") == "test_rmse_mean = 0.5");
  CHECK(value("Accuracy is 0.93") == "accuracy = 0.93");
  CHECK(value("loss=tensor(0.3500, device='cuda:0', grad_fn=<NllLoss>)") == "loss = 0.35");
  CHECK(value("Cross Validation Accuracy = 95.5%") == "validation_accuracy = 95.5");
}

TEST_CASE("init quotes the failure of the run that came farther, and where it was") {
  const Workshop shop;
  shop.Write("rows.txt", "1\n");
  shop.Write("train.py", "open('rows.txt')\nraise ValueError('--lr must be below 1')\n");
  const Outcome init = shop.Run({"init", "--name", "n", "--", "python3", "train.py", "--lr", "2"});
  CHECK(init.code == 1);
  CHECK(init.err.find("the command ended with exit code 1 in the folder where it was typed; its "
                      "last line: ValueError: --lr must be below 1; repair it") !=
        std::string::npos);
  // Here the folder where it was typed is the one that lacks something.
  shop.Write("other.py",
             "import os\nif os.path.exists('other.py'): open('none.txt')\n"
             "raise ValueError('the real one')\n");
  const Outcome other = shop.Run({"init", "--name", "n", "--", "python3", "other.py", "--lr", "2"});
  CHECK(other.err.find("exit code 1 in a folder of its own; its last line: ValueError: the real "
                       "one;") != std::string::npos);
}

TEST_CASE("init asks a script that uses a module of ours what may vary") {
  const Workshop shop;
  CHECK(shop.Shell("cp " JOULEFRONT_SOURCE_DIR "/modules/joulefront.py .").code == 0);
  CHECK(shop.Shell("cp " JOULEFRONT_SOURCE_DIR "/modules/joulefront.sh .").code == 0);
  shop.Write("train.py",
             "import joulefront\n"
             "c = joulefront.configuration(lr=0.1, epochs=5, layers=[3, 4], data='a.csv', "
             "activation='relu', other='tanh')\n"
             "with joulefront.phase('fit'):\n    error = (c.lr - .2) ** 2 + 1 / c.epochs\n"
             "assert c.layers == [3, 4]\n"
             "joulefront.result(error=error, size=7)\n");
  const Outcome init = shop.Run({"init", "--", "python3", "train.py"});
  INFO(init.err);
  CHECK(init.code == 0);
  const std::string text = shop.Read("train.toml");
  INFO(text);
  CHECK(SpaceOf(text, "lr") == "lr = { type = \"float\", low = 0.01, high = 1.0, log = true }");
  CHECK(SpaceOf(text, "epochs") == "epochs = { type = \"int\", low = 1, high = 10, log = true }");
  CHECK(SpaceOf(text, "activation") ==
        "activation = { type = \"categorical\", choices = [\"relu\", \"tanh\"] }");
  CHECK(Line(text, "command =") == "command = [\"python3\", \"train.py\"]");
  CHECK(Line(text, "error =") == "error = { direction = \"minimize\" }");
  CHECK(Line(text, "energy =") == "energy = { direction = \"minimize\", phase = \"fit\" }");
  CHECK(Line(text, "# it also reports: size =") != "");
  CHECK(shop.Run({"run", "train.toml", "--check"}).code == 0);
  CHECK(shop.Run({"run", "train.toml", "-q", "--trials", "3"}).code == 0);
  CHECK(shop.Run({"export", "train.db", "--format", "csv"}).out.find("failed") ==
        std::string::npos);

  shop.Write("shell.sh",
             ". ./joulefront.sh\nlr=$(jf_value lr 0.5)\nopt=$(jf_value opt 'a\"b')\n"
             "jf_result error=$lr\n");
  const Outcome shell = shop.Run({"init", "--", "sh", "shell.sh"});
  INFO(shell.err);
  CHECK(shell.code == 0);
  CHECK(SpaceOf(shop.Read("shell.toml"), "lr") ==
        "lr = { type = \"float\", low = 0.05, high = 5.0, log = true }");
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

TEST_CASE("init varies the numbers of a configuration file where the command has none") {
  const Workshop shop;
  shop.Write("train.py",
             "import json, sys\nc = json.load(open(sys.argv[2]))\n"
             "print('val_loss = %g' % (c['opt']['lr'] + c['epochs']))\n");
  shop.Write("run.json",
             "{\"opt\": {\"lr\": 0.25, \"name\": \"sgd\"},\n\"epochs\": 2, \"seed\": 3}\n");
  const Outcome init = shop.Run({"init", "--", "python3", "train.py", "--config", "run.json"});
  INFO(init.err);
  CHECK(init.code == 0);
  const std::string text = shop.Read("train.toml");
  INFO(text);
  CHECK_THAT(Line(text, "lr ="), Catch::Contains("given: 0.25 in run.json"));
  CHECK_THAT(text, Catch::Contains("\n[trainer.files.\"run.json\"]\n"));
  CHECK(Line(text, "\"opt.lr\" =") == "\"opt.lr\" = \"{lr}\"");
  CHECK(Line(text, "\"epochs\" =") == "\"epochs\" = \"{epochs}\"");
  CHECK(Line(text, "seed =") == "");
  CHECK(shop.Run({"try", "train.toml"}).out.find("\nval_loss = 2.25\n") != std::string::npos);
  CHECK(shop.Run({"run", "train.toml", "-q", "--trials", "4"}).code == 0);
  CHECK(shop.Read("train.work/train/0.1/run.json") == shop.Read("run.json"));
}

}  // namespace
}  // namespace joulefront
