"""Every check of this project: `nox` runs them all, `nox -s lint` one, `nox --list` names them.

The sessions install extras of the package and, for their tools, the dependency group with the name
of the session. `pyproject.toml` defines the extras and groups; `constraints.txt` pins them.
"""

import re
import shutil
import sys
import tarfile
import zipfile
from collections.abc import Collection
from pathlib import Path

import nox

ROOT = Path(__file__).parent
CONSTRAINTS = ROOT / "constraints.txt"
PYPROJECT = nox.project.load_toml(ROOT / "pyproject.toml")
PYTHONS = nox.project.python_versions(PYPROJECT)  # from its classifiers

# For each import contract of pyproject.toml: a file, and a line that breaks the contract there.
BREACHES = {
    "layers": ("_ids.py", "import sklearn_rnn._training.batches"),
    "torch": ("_text/vocabulary.py", "import torch"),
    "network": ("_nn/pooling.py", "import sklearn"),
    "skorch": ("_classifier.py", "import skorch"),
    "matplotlib": ("evaluation.py", "import matplotlib"),
    "export": ("datasets.py", "import skops"),
}

# Limits of packages that have no floor and whose newest versions do not work with other floors.
LIMITS_OF_FLOORS = [
    "pyparsing<3.2",  # newer versions make matplotlib 3.9 warn
    "setuptools<82",  # torch 2.11 requires it
]

# Limits of packages whose versions in constraints.txt MLflow does not allow.
LIMITS_OF_MLFLOW = ["importlib_metadata<10", "pyarrow<26", "python-dateutil<3"]

# Prefixes of the packages that a CUDA build of torch installs on Linux, in versions that it pins.
CUDA_PACKAGES = ("nvidia-", "cuda-", "triton")

# What the tests of the page and the site need: a driver of Chromium, and the runtime of the page.
NPM_PACKAGES = ["playwright-core@1.65.1", "onnxruntime-web@1.30.0"]

nox.options.default_venv_backend = "virtualenv"
nox.options.error_on_external_run = True
nox.options.sessions = [
    "lint",
    "imports",
    "types",
    "docstrings",
    "page",
    "docs",
    "fuzz",
    "tests",
    "mlflow",
    "serve",
    "explainers",
    "clusters",
    "lowest",
    "build",
]


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run all tests with the versions of constraints.txt; arguments go to pytest instead."""
    install_pinned(session, ".[test]")
    session.run("pytest", *(session.posargs or ["-m", "slow or not slow"]))


@nox.session(python=PYTHONS[:1])
def lowest(session: nox.Session) -> None:
    """Run the tests with the floors of pyproject.toml, except packages pinned as arguments.

    `nox -s lowest -- torch==2.13.0` installs torch 2.13.0 and the floors of all other packages.
    """
    given = {name_of(pin): pin for pin in session.posargs}
    floors = floors_as_pins() | given
    constraints = constraints_with(session, LIMITS_OF_FLOORS, without=floors.keys())
    session.install("--constraint", constraints, ".[export,plot,test]", *floors.values())
    session.run("pytest", env={"SKLEARN_RNN_ABOVE_FLOOR": " ".join(given)})


@nox.session
def mlflow(session: nox.Session) -> None:
    """Log a model to a local MLflow, and load it in another process."""
    constraints = constraints_with(session, LIMITS_OF_MLFLOW)
    group = nox.project.dependency_groups(PYPROJECT, session.name)
    session.install("--constraint", constraints, ".[export]", *group)
    session.run("pytest", "--numprocesses=0", "tests/export/test_mlflow.py")


@nox.session
def serve(session: nox.Session) -> None:
    """Start the web service of the examples, and classify with eight clients at once."""
    install_pinned(session, ".[test]")
    session.run("pytest", "--numprocesses=0", "tests/integration/test_serve.py")


@nox.session
def clusters(session: nox.Session) -> None:
    """Search and score on Dask, Ray and, if Java is installed, Spark, in two processes each."""
    install_pinned(session, ".[test]")
    # Ray leaves open what it started.
    session.run("pytest", "-W", "ignore::ResourceWarning", "--numprocesses=0", "tests/clusters")


@nox.session
def explainers(session: nox.Session) -> None:
    """Explain predictions of a Pipeline by LIME, SHAP and captum."""
    install_pinned(session, ".[test]")
    session.run("pytest", "--numprocesses=0", "tests/inspection/test_explainers.py")


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, spelling, and the settings that pip and GitHub read."""
    install_pinned(session)
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("codespell")
    session.run("validate-pyproject", "pyproject.toml")
    schema = ["--builtin-schema", "vendor.github-workflows"]
    session.run("check-jsonschema", *schema, *map(str, Path(".github/workflows").iterdir()))


@nox.session
def imports(session: nox.Session) -> None:
    """Check the import contracts, and that a breach of each one is found."""
    install_pinned(session)
    session.run("lint-imports", "--no-cache")
    contracts = [contract["id"] for contract in PYPROJECT["tool"]["importlinter"]["contracts"]]
    if contracts != list(BREACHES):
        session.error(f"BREACHES must have an entry for each of {contracts}, in this order.")
    for contract, (file, line) in BREACHES.items():
        copy = Path(session.create_tmp(), contract).resolve()
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(ROOT / "sklearn_rnn", copy / "sklearn_rnn")
        shutil.copy(ROOT / "pyproject.toml", copy)
        with (copy / "sklearn_rnn" / file).open("a", encoding="utf-8") as module:
            module.write(f"{line}\n")
        with session.chdir(copy):
            options = ["--no-cache", "--contract", contract]
            session.run("lint-imports", *options, success_codes=[1], silent=True)
        session.log(f"A breach of the contract {contract!r} is found.")


@nox.session
def types(session: nox.Session) -> None:
    """Check the annotations of the package, and user code against the installed package."""
    install_pinned(session, ".[export,plot,report,zstd]")
    session.run("mypy")
    session.run("python", "tests/typing/check.py")


@nox.session
def docstrings(session: nox.Session) -> None:
    """Check documented parameters against signatures, and that public docstrings are complete."""
    install_pinned(session, ".[test]")
    session.run("pytest", "--numprocesses=0", "tests/tooling/test_docstrings.py")


@nox.session
def fuzz(session: nox.Session) -> None:
    """Try new examples in the tests of properties, then fuzz all targets of tests/fuzz.

    The argument is the number of seconds for the targets (default: 300).
    """
    install_pinned(session, ".[test]")
    session.run("pytest", "-m", "hypothesis", "--hypothesis-profile=random")
    targets = [path.name for path in sorted((ROOT / "tests" / "fuzz" / "corpus").iterdir())]
    seconds = int(session.posargs[0]) if session.posargs else 300
    for target in targets:
        session.run("python", "-m", "tests.fuzz", target, str(seconds // len(targets)))


@nox.session
def page(session: nox.Session) -> None:
    """Test the page of exported models in headless Chromium, with packages of npm."""
    for program in ("chromium", "npm"):
        if shutil.which(program) is None:
            session.skip(f"{program} is not installed.")
    install_pinned(session, ".[test]")
    env = {"SKLEARN_RNN_NODE_MODULES": install_npm(session)}
    session.run("pytest", "--numprocesses=0", "tests/export/test_page.py", env=env)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the site in docs/_build/html, and run the code of its pages.

    Arguments go to sphinx-build: `-D sphinx_gallery_conf.filename_pattern=plot_export` runs one
    example of the gallery.
    """
    install_pinned(session, ".[docs]")
    session.run("pytest", "docs/test_pages.py")
    site = "docs/_build/html"
    build = ["sphinx-build", "-W", "--keep-going", "-n", *session.posargs]
    session.run(*build, "docs", site, env={"OMP_NUM_THREADS": "1"})
    browser = shutil.which("chromium")
    if browser is None or shutil.which("npm") is None:
        session.log("The site is not opened: chromium or npm is not installed.")
        return
    modules = install_npm(session)
    session.run("node", "docs/check_site.mjs", modules, browser, site, external=True)


@nox.session
def build(session: nox.Session) -> None:
    """Build wheel and sdist, check that they are complete, and install and run the wheel."""
    install_pinned(session)
    folder = Path(session.create_tmp()).resolve()
    for old in folder.glob("*"):
        shutil.rmtree(old)
    session.run("python", "-m", "build", f"--outdir={folder / 'dist'}")
    [wheel] = folder.glob("dist/*.whl")
    [sdist] = folder.glob("dist/*.tar.gz")
    session.run("twine", "check", "--strict", str(wheel), str(sdist))
    check_that_the_wheel_is_complete(session, wheel)
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    unpacked = folder / sdist.name.removesuffix(".tar.gz")
    check_that_the_sdist_is_complete(session, unpacked)

    # A fresh environment, without the build tools.
    session.run("python", "-m", "venv", str(folder / "fresh"))
    scripts = folder / "fresh" / ("Scripts" if sys.platform == "win32" else "bin")
    python = str(scripts / "python")
    requirements = ["--constraint", str(CONSTRAINTS), f"{wheel}[test]"]
    session.run(python, "-m", "pip", "install", *requirements, external=True)
    with session.chdir(folder):
        session.run(python, "-m", "sklearn_rnn", "--version", external=True)
        session.run(str(scripts / "sklearn-rnn"), "--version", external=True)
    # The tests that read files of the project. All others run in the checkout.
    with session.chdir(unpacked):
        readers = ["tests/tooling", "tests/integration/test_readme.py"]
        without = {"SKLEARN_RNN_DATA": None}
        session.run(python, "-m", "pytest", *readers, env=without, external=True)


def install_pinned(session: nox.Session, *requirements: str) -> None:
    """Install the session's dependency group and `requirements`, as constraints.txt pins them."""
    if session.name in PYPROJECT["dependency-groups"]:
        requirements += nox.project.dependency_groups(PYPROJECT, session.name)
    session.install("--constraint", str(CONSTRAINTS), *requirements)
    frozen = session.run("python", "-m", "pip", "freeze", "--all", silent=True)
    unpinned = {name_of(line) for line in str(frozen or "").splitlines()}
    unpinned -= {name_of(line) for line in pinned_lines()}
    unpinned -= {"pip", "sklearn_rnn"}
    unpinned = {name for name in unpinned if not name.startswith(CUDA_PACKAGES)}
    if unpinned and sys.platform == "linux":
        session.error(f"constraints.txt does not pin {sorted(unpinned)}.")


def install_npm(session: nox.Session) -> str:
    """Install the packages of npm, and return the folder that has them."""
    folder = Path(session.create_tmp()).resolve()
    npm = ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(folder)]
    session.run(*npm, *NPM_PACKAGES, external=True)
    return str(folder / "node_modules")


def constraints_with(session: nox.Session, limits: list[str], without: Collection[str] = ()) -> str:
    """Write a file of constraints with limits for some packages, and no pins for others."""
    names = {*map(name_of, limits), *without}
    others = [line for line in pinned_lines() if name_of(line) not in names]
    constraints = Path(session.create_tmp(), "constraints.txt")
    constraints.write_text("\n".join([*others, *limits]), encoding="utf-8")
    return str(constraints)


def pinned_lines() -> list[str]:
    """Return the lines of constraints.txt that pin a package."""
    lines = CONSTRAINTS.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if "==" in line]


def floors_as_pins() -> dict[str, str]:
    """Return each dependency pinned to its lowest allowed version, by name."""
    project = PYPROJECT["project"]
    extras = project["optional-dependencies"]
    floors = [*project["dependencies"], *extras["export"], *extras["plot"], *extras["test"]]
    return {name_of(floor): floor.replace(">=", "==") for floor in floors}


def name_of(requirement: str) -> str:
    """Return the name of the package in a requirement: "numpy" for "numpy>=2.0"."""
    return re.split("[<>=@ ]", requirement)[0].lower()


def check_that_the_wheel_is_complete(session: nox.Session, wheel: Path) -> None:
    """Check that the wheel has all files of the package."""
    with zipfile.ZipFile(wheel) as archive:
        packed = set(archive.namelist())
    files = [path for path in (ROOT / "sklearn_rnn").rglob("*") if path.is_file()]
    names = {path.relative_to(ROOT).as_posix() for path in files if path.suffix != ".pyc"}
    if names - packed:
        session.error(f"The wheel lacks {sorted(names - packed)}.")


def check_that_the_sdist_is_complete(session: nox.Session, unpacked: Path) -> None:
    """Check that the unpacked sdist has all files that git tracks; only in a git checkout."""
    if not (ROOT / ".git").exists():
        return
    tracked = session.run("git", "ls-files", silent=True, external=True).splitlines()
    missing = [file for file in tracked if not (unpacked / file).exists()]
    if missing:
        session.error(f"The sdist lacks {missing}.")
