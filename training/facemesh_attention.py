"""The attention face mesh: how the refined lips, eyes and irises enter the mesh of 478 points.

The network gives 468 points of the whole face and, from features sampled around them, refined
lips (80 points), eyes (71 points each) and irises (5 points each); "left" is the left side of
the picture. MediaPipe merges them outside the network, in LandmarksRefinementCalculator, with
the lists of mediapipe/modules/face_landmark/tensors_to_face_landmarks_with_attention.pbtxt:
x and y of a refined point replace those of the mesh, its z stays that of the mesh, and the
irises get the mean z of the rim of their eye.

Paper: Attention Mesh, https://arxiv.org/abs/2006.10962
"""

from typing import Any, NamedTuple

import litert
import numpy as np
import numpy.typing as npt
from ai_edge_litert import schema_py_generated as schema
from tflite_to_onnx import TfliteToOnnx, custom_options, operator_name

Array = npt.NDArray[np.float32]
Matrix = npt.NDArray[np.float64]

MESH_POINTS = 468
POINTS = 478
RIM_POINTS = 16  # the first points of an eye are the rim of its opening
LIPS = (
    61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 185, 40, 39, 37, 0, 267, 269, 270, 409,
    78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 191, 80, 81, 82, 13, 312, 311, 310, 415,
    76, 77, 90, 180, 85, 16, 315, 404, 320, 307, 306, 184, 74, 73, 72, 11, 302, 303, 304, 408,
    62, 96, 89, 179, 86, 15, 316, 403, 319, 325, 292, 183, 42, 41, 38, 12, 268, 271, 272, 407,
)  # fmt: skip
LEFT_EYE = (
    33, 7, 163, 144, 145, 153, 154, 155, 133, 246, 161, 160, 159, 158, 157, 173,
    130, 25, 110, 24, 23, 22, 26, 112, 243, 247, 30, 29, 27, 28, 56, 190,
    226, 31, 228, 229, 230, 231, 232, 233, 244, 113, 225, 224, 223, 222, 221, 189,
    35, 124, 46, 53, 52, 65, 143, 111, 117, 118, 119, 120, 121, 128, 245,
    156, 70, 63, 105, 66, 107, 55, 193,
)  # fmt: skip
RIGHT_EYE = (
    263, 249, 390, 373, 374, 380, 381, 382, 362, 466, 388, 387, 386, 385, 384, 398,
    359, 255, 339, 254, 253, 252, 256, 341, 463, 467, 260, 259, 257, 258, 286, 414,
    446, 261, 448, 449, 450, 451, 452, 453, 464, 342, 445, 444, 443, 442, 441, 413,
    265, 353, 276, 283, 282, 295, 372, 340, 346, 347, 348, 349, 350, 357, 465,
    383, 300, 293, 334, 296, 336, 285, 417,
)  # fmt: skip
LEFT_IRIS = tuple(range(468, 473))
RIGHT_IRIS = tuple(range(473, 478))


class Refinement(NamedTuple):
    """Points that one branch of the network refines."""

    indices: tuple[int, ...]  # in the merged mesh
    crop: int  # number of the crop the branch looks at: 0 lips, 1 left eye, 2 right eye
    in_crop: str  # TFLite's name of the points in the crop's coordinates
    in_image: str  # and in the picture's


# In the order in which MediaPipe merges them.
REFINEMENTS = (
    Refinement(LIPS, 0, "reshape_1", "transform_landmarks_v2"),
    Refinement(LEFT_EYE, 1, "reshape_3", "transform_landmarks_v2_1"),
    Refinement(RIGHT_EYE, 2, "reshape_6", "transform_landmarks_v2_3"),
    Refinement(LEFT_IRIS, 1, "reshape_4", "transform_landmarks_v2_2"),
    Refinement(RIGHT_IRIS, 2, "reshape_7", "transform_landmarks_v2_4"),
)


def add_merged_landmarks(network: TfliteToOnnx) -> str:
    """Adds the merge to the converted network; returns the n×478×3 landmarks in crop pixels."""
    g = network.graph
    mesh = network.value_as("output_mesh", (MESH_POINTS, 3))
    mesh_xy = g.add("Slice", [mesh, g.indices(0), g.indices(2), g.indices(2)])
    mesh_z = g.add("Slice", [mesh, g.indices(2), g.indices(3), g.indices(2)])

    points = [mesh_xy, *(network.value(refinement.in_image) for refinement in REFINEMENTS)]
    merged = np.arange(POINTS)  # where in the concatenated points each merged point is
    first = MESH_POINTS
    for refinement in REFINEMENTS:
        count = len(refinement.indices)
        merged[list(refinement.indices)] = np.arange(first, first + count)
        first += count
    xy = g.add("Gather", [g.add("Concat", points, {"axis": 1}), g.indices(*merged)], {"axis": 1})

    depths = [mesh_z]
    for eye, iris in ((LEFT_EYE, LEFT_IRIS), (RIGHT_EYE, RIGHT_IRIS)):
        rim = g.add("Gather", [mesh_z, g.indices(*eye[:RIM_POINTS])], {"axis": 1})
        depths += [g.add("ReduceMean", [rim], {"axes": (1,)})] * len(iris)
    z = g.add("Concat", depths, {"axis": 1})
    return g.add("Concat", [xy, z], {"axis": 2})


def reference(data: bytes, image: Array) -> dict[str, Array]:
    """Computes the mesh of one 1×3×192×192 picture with LiteRT and, where it can't, NumPy.

    LiteRT runs all but MediaPipe's custom operators; those are written here as MediaPipe's own
    kernels (mediapipe/util/tflite/operations, version 2) compute them. Returns ``landmarks``
    1×478×3 and ``score`` (1,).
    """
    model = schema.ModelT.InitFromPackedBuf(data, 0)
    (subgraph,) = model.subgraphs
    names = [tensor.name.decode() for tensor in subgraph.tensors]
    custom = [
        (operator_name(model, operator), operator)
        for operator in subgraph.operators
        if operator.customOptions is not None
    ]
    boxes = [operator for name, operator in custom if name == "Landmarks2TransformMatrix"]
    crops = [operator for name, operator in custom if name == "TransformTensorBilinear"]

    source = litert.input_name(data)
    features_name = names[crops[0].inputs[0]]
    trunk = litert.part(data, [source], ["output_mesh", "conv_faceflag", features_name])
    found = litert.run(trunk, {source: image.transpose(0, 2, 3, 1)})
    mesh = found["output_mesh"].reshape(MESH_POINTS, 3)
    features = found[features_name][0]
    scale = features.shape[0] / image.shape[2]  # the mesh is in pixels, the boxes in features

    matrices, sampled = [], {}
    for box, crop in zip(boxes, crops, strict=True):
        options = custom_options(box)
        matrices.append(box_matrix(mesh * scale, options))
        size = (options["output_height"], options["output_width"])
        sampled[names[crop.outputs[0]]] = sample_crop(features, matrices[-1], size)[None]
    branches = litert.part(data, list(sampled), [r.in_crop for r in REFINEMENTS])
    refined = litert.run(branches, sampled)

    landmarks = np.concatenate([mesh, np.zeros((POINTS - MESH_POINTS, 3), np.float32)])
    for refinement in REFINEMENTS:
        # The branches answer in a crop as fine as the picture, not as the features.
        matrix = matrices[refinement.crop]
        points = refined[refinement.in_crop][0] @ matrix[:2, :2].T + matrix[:2, 3] / scale
        landmarks[list(refinement.indices), :2] = points
    for eye, iris in ((LEFT_EYE, LEFT_IRIS), (RIGHT_EYE, RIGHT_IRIS)):
        landmarks[list(iris), 2] = mesh[list(eye[:RIM_POINTS]), 2].mean()
    return {"landmarks": landmarks[None], "score": sigmoid(found["conv_faceflag"].reshape(1))}


def box_matrix(points: Array, options: dict[str, Any]) -> Matrix:
    """Landmarks2TransformMatrix: the 4×4 matrix from a crop's coordinates to the points'."""
    left, right = points[options["left_rotation_idx"]], points[options["right_rotation_idx"]]
    angle = options["target_rotation_radians"] - np.arctan2(right[1] - left[1], right[0] - left[0])
    subset = points[np.ravel(options["subset_idxs"]), :2].astype(np.float64)
    turned = subset @ _rotation(angle)[:2, :2].T
    low, high = turned.min(0), turned.max(0)
    center = _rotation(-angle)[:2, :2] @ ((low + high) / 2)
    crop = np.array([options["output_width"], options["output_height"]])
    enlarge = np.array([options["scale_x"], options["scale_y"]])
    stretch = np.diag([*(enlarge * (high - low) / crop), 1, 1])
    return _shift(center) @ _rotation(-angle) @ stretch @ _shift(-crop / 2)


def sample_crop(features: Array, matrix: Matrix, size: tuple[int, int]) -> Array:
    """TransformTensorBilinear: samples H×W×C features on a crop of ``size``; outside is 0."""
    y, x = np.mgrid[: size[0], : size[1]] + 0.5
    place_x, place_y = (
        matrix[row, 0] * x + matrix[row, 1] * y + matrix[row, 3] - 0.5 for row in (0, 1)
    )
    height, width, _ = features.shape
    inside = (place_x >= 0) & (place_x <= width - 1) & (place_y >= 0) & (place_y <= height - 1)
    left = np.clip(np.floor(place_x).astype(int), 0, width - 2)
    top = np.clip(np.floor(place_y).astype(int), 0, height - 2)
    right_part, lower_part = (place_x - left)[..., None], (place_y - top)[..., None]
    upper = features[top, left] * (1 - right_part) + features[top, left + 1] * right_part
    lower = features[top + 1, left] * (1 - right_part) + features[top + 1, left + 1] * right_part
    mixed = upper * (1 - lower_part) + lower * lower_part
    return np.where(inside[..., None], mixed, 0).astype(np.float32)


def sigmoid(logits: Array) -> Array:
    """Returns the probabilities of logits."""
    return np.asarray(1 / (1 + np.exp(-logits)), np.float32)


def _rotation(angle: float) -> Matrix:
    matrix = np.eye(4)
    matrix[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    return matrix


def _shift(by: npt.NDArray[Any]) -> Matrix:
    matrix = np.eye(4)
    matrix[:2, 3] = by
    return matrix
