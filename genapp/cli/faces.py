"""`python -m genapp faces`: faces of people who do not exist."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from genapp.cli.arguments import add_device_and_json
from genapp.cli.output import print_json, print_notes, progress_bar
from genapp.cli.pictures import PICTURES, create_folder
from genapp.errors import BadValue

if TYPE_CHECKING:
    from genapp.facemaking import Face, Maker, Recipe
    from genapp.registry.engines import Engines
    from genapp.upscaling import Progress


def add(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Faces of people who do not exist. The same seed is the same face, however many are made."
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="OUT",
        type=Path,
        help="a folder (face-<seed>.png), a .zip with a manifest, or a picture for a single face",
    )
    parser.add_argument("--grid", metavar="OUT.png", type=Path, help="all of them in one picture")
    parser.add_argument(
        "--animate", metavar="OUT.mp4", type=Path, help="a film from face to face; or .webp"
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--seeds", metavar="1,5,9-20", help="exactly these")
    which.add_argument("--seed", metavar="N", type=int, default=0, help="the first one; default: 0")
    which.add_argument(
        "--recipe", metavar="LINE", help="the line of a face, or a picture that was made here"
    )
    parser.add_argument("--count", metavar="N", type=int, default=1, help="how many; default: 1")
    parser.add_argument(
        "--truncation",
        metavar="0..1.5",
        type=float,
        help="0 the mean face, 1 as different as can be; default: 0.7",
    )
    parser.add_argument(
        "--edit", metavar="NAME=N,…", default="", help="sliders, such as age=+1.5,smile=-0.5"
    )
    parser.add_argument(
        "--mix",
        metavar="SEED[@LEVELS]",
        help="skin and colours of another face; LEVELS coarse ones stay, default: 3",
    )
    parser.add_argument(
        "--around", metavar="N", type=int, help="instead of each face N that are like it"
    )
    parser.add_argument(
        "--distance", metavar="0..1", type=float, default=0.3, help="how different those are"
    )
    parser.add_argument(
        "--size", metavar="PX", type=int, help="side of the pictures, such as 512; default: as made"
    )
    parser.add_argument("--seconds", metavar="S", type=float, default=2, help="between two faces")
    parser.add_argument("--no-loop", action="store_true", help="the film ends at the last face")
    parser.add_argument(
        "--format", choices=("png", "jpg", "webp"), default="png", help="of the pictures"
    )
    parser.add_argument(
        "--no-mark", action="store_true", help='leave "AI-generated" out of the files\' metadata'
    )
    parser.add_argument(
        "--no-compare",
        action="store_true",
        help="of a .zip: do not look for copies of training faces and for duplicates",
    )
    parser.add_argument(
        "--no-measure", action="store_true", help="of a .zip: no columns of age, smile, angles …"
    )
    parser.add_argument("--model", metavar="NAME", help="faces/…; default: our own")
    add_device_and_json(parser)
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from genapp.cli.networks import open_engines

    if not (options.output or options.grid or options.animate):
        raise BadValue("Where to?", "Name a folder, a .zip or a picture with -o, or use --grid.")
    with open_engines(options.device) as engines:
        if options.output and options.output.suffix.lower() == ".zip":
            return _write_zip(options, engines)
        return _write_files(options, engines)


def _write_zip(options: argparse.Namespace, engines: "Engines") -> int:
    from genapp.facemaking import write_dataset

    others = {
        "--grid": options.grid,
        "--animate": options.animate,
        "--recipe": options.recipe,
        "--around": options.around,
    }
    for name, value in others.items():
        if value is not None:
            raise BadValue(f"{name} does not go with a .zip.", "Name a folder instead.")
    settings = _settings(options)
    with progress_bar() as progress:
        made = write_dataset(
            options.output,
            seeds=_seeds(options),
            truncation=settings.truncation,
            edits=settings.edits,
            mix=settings.mix,
            model=options.model,
            size=options.size,
            format=options.format,
            mark=not options.no_mark,
            compare=not options.no_compare,
            measure=not options.no_measure,
            progress=progress,
            engines=engines,
        )
    print_notes(options.output, made.notes)
    if options.json:
        print_json({"outputs": [str(options.output)], **made.report()})
        return 0
    print(options.output)
    print(f"  {len(made.rows)} faces with {made.model}")
    if made.compared:
        print(
            f"  suspected copies of training faces: {len(made.suspected)}; duplicates: "
            f"{len(made.duplicates)} (see manifest.csv)"
        )
    return 0


def _write_files(options: argparse.Namespace, engines: "Engines") -> int:
    """Pictures in a folder or one file, a sheet, a film."""
    from genapp import images
    from genapp.facemaking import open_maker

    recipes = _recipes(options)
    if options.grid:
        images.check_output(options.grid)
    maker = open_maker(engines, options.model or recipes[0].model)
    outputs: list[str] = []
    with progress_bar() as progress:
        if options.output or options.grid:
            paths, recipes = _write_faces(options, recipes, maker, engines, progress)
            outputs += map(str, paths)
        if options.animate:
            _animate(options, recipes, engines, progress)
            outputs.append(str(options.animate))
    if options.json:
        side = options.size or maker.size
        lines = [str(recipe) for recipe in recipes]
        facts = {"model": maker.model, "size": [side, side], "recipe": lines}
        print_json({"outputs": outputs, **facts})
        return 0
    for output in outputs:
        print(output)
    for recipe in recipes:
        print(f"  {recipe}")
    return 0


def _write_faces(
    options: argparse.Namespace,
    recipes: "Sequence[Recipe]",
    maker: "Maker",
    engines: "Engines",
    progress: "Progress",
) -> "tuple[list[Path], list[Recipe]]":
    """Writes pictures and the sheet; returns where they are, and the recipes of what was made."""
    from genapp import images
    from genapp.facemaking import make_faces, sheet

    paths = _paths(options, recipes) if options.output else []
    made: list[Face] = []
    notes: dict[str, None] = {}
    for face in make_faces(recipes, maker, engines, mark=not options.no_mark):
        if paths:
            images.write(face.photo, paths[len(made)])
        made.append(face)
        notes |= dict.fromkeys(face.notes)
        progress(len(made) / len(recipes), "Making faces", None)
    for note in notes:
        print(note, file=sys.stderr)
    if options.grid:
        images.write(sheet(made), options.grid)
        paths = [*paths, options.grid]
    return paths, [face.recipe for face in made]


def _animate(
    options: argparse.Namespace,
    recipes: "Sequence[Recipe]",
    engines: "Engines",
    progress: "Progress",
) -> None:
    from genapp.facemaking import Generator, open_maker, recipe_w, write_animation

    maker = open_maker(engines, options.model or recipes[0].model)
    if not isinstance(maker, Generator):
        raise BadValue(f"{maker.model} has nothing between two faces.", "Choose another --model.")
    write_animation(
        options.animate,
        [recipe_w(recipe, maker, engines)[0] for recipe in recipes],
        maker,
        engines,
        seconds=options.seconds,
        loop=not options.no_loop,
        size=options.size,
        mark=not options.no_mark,
        progress=progress,
    )


def _seeds(options: argparse.Namespace) -> list[int]:
    from genapp.facemaking import consecutive, parse_seeds

    if options.seeds is None:
        return consecutive(options.seed, options.count)
    if options.count != 1:
        raise BadValue("--count does not go with --seeds.", "Leave one of them out.")
    return parse_seeds(options.seeds)


def _recipes(options: argparse.Namespace) -> "list[Recipe]":
    """A recipe for each face that was asked for."""
    from genapp.facemaking import neighbour_recipes

    if options.recipe is None:
        base = _settings(options)
        recipes = [replace(base, seed=seed) for seed in _seeds(options)]
    else:
        recipes = [_given_recipe(options)]
    if options.around is None:
        return recipes
    lists = [neighbour_recipes(one, options.around, options.distance) for one in recipes]
    return [recipe for some in lists for recipe in some]


def _settings(options: argparse.Namespace) -> "Recipe":
    """What all faces of a command have in common."""
    from genapp.facemaking import TRUNCATION, Recipe, parse_edits, parse_mix

    return Recipe(
        truncation=TRUNCATION if options.truncation is None else options.truncation,
        mix=None if options.mix is None else parse_mix(options.mix),
        edits=parse_edits(options.edit),
        size=options.size,
    )


def _given_recipe(options: argparse.Namespace) -> "Recipe":
    """Of the line, or of the picture that it is in."""
    from genapp import images
    from genapp.facemaking import parse_recipe, recipe_line

    fixed = {
        "--truncation": options.truncation is not None,
        "--edit": bool(options.edit),
        "--mix": options.mix is not None,
        "--count": options.count != 1,
        "--model": options.model is not None,
    }
    for name, given in fixed.items():
        if given:
            raise BadValue(f"{name} does not go with --recipe.", "Change the recipe's line.")
    line = options.recipe
    if Path(line).suffix.lower() in PICTURES:
        found = recipe_line(images.read(line))
        if found is None:
            raise BadValue(f"There is no recipe in {line!r}.", "Give its line instead.")
        line = found
    recipe = parse_recipe(line)
    return recipe if options.size is None else replace(recipe, size=options.size)


def _paths(options: argparse.Namespace, recipes: "Sequence[Recipe]") -> list[Path]:
    """Where each face goes: into the folder, which is created, or the one file."""
    from genapp import images

    target: Path = options.output
    if target.suffix.lower() in PICTURES and not target.is_dir():
        if len(recipes) > 1:
            raise BadValue(
                f"{len(recipes)} faces do not fit into one file.",
                "Name a folder or a .zip, or use --grid instead of -o.",
            )
        images.check_output(target)
        return [target]
    create_folder(target)
    return [target / f"{recipe.name}.{options.format}" for recipe in recipes]
