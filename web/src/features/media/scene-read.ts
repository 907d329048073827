/** From a file to a scene: meshes, point clouds with their boxes, molecules. Nothing is fetched. */

import {
  BufferGeometry,
  Color,
  CylinderGeometry,
  DoubleSide,
  Float32BufferAttribute,
  Group,
  InstancedMesh,
  LineBasicMaterial,
  LineSegments,
  LoadingManager,
  Matrix4,
  Mesh,
  MeshStandardMaterial,
  Points,
  PointsMaterial,
  Quaternion,
  SphereGeometry,
  TextureLoader,
  Vector3,
  type Object3D,
} from "three";
import { GLTFLoader } from "three/addons/loaders/GLTFLoader.js";
import { OBJLoader } from "three/addons/loaders/OBJLoader.js";
import { STLLoader } from "three/addons/loaders/STLLoader.js";

import { parseLooseJson } from "@/base/json";
import { radiusOf, readMolecule, type Molecule } from "@/base/molecule";
import { cloudOf, edgesOfCorners, type Cloud } from "@/base/point-cloud";
import { plural } from "@/base/numbers";
import { selfContained } from "@/base/gltf";

import { textOf } from "./place";

export type ReadScene =
  | { kind: "scene"; root: Object3D; up: "y" | "z"; words: string }
  | { kind: "text" };

export async function readScene(bytes: ArrayBuffer, suffix: string): Promise<ReadScene> {
  switch (suffix) {
    case "glb":
    case "gltf":
      return mesh(await readGltf(bytes, suffix));
    case "obj":
      return mesh(plain(new OBJLoader(offline()).parse(textOf(bytes))));
    case "stl":
      return mesh(new Mesh(new STLLoader().parse(bytes), surface()), "z");
    case "pts.json":
      return cloudScene(cloudOf(parseLooseJson(textOf(bytes))));
    default: {
      const molecule = readMolecule(textOf(bytes), suffix);
      return molecule ? moleculeScene(molecule) : { kind: "text" };
    }
  }
}

/** Refuses every address but those that hold their own content. */
function offline(): LoadingManager {
  const manager = new LoadingManager();
  manager.setURLModifier((url) => (/^(data|blob):/.test(url) ? url : "data:,"));
  return manager;
}

async function readGltf(bytes: ArrayBuffer, suffix: string): Promise<Object3D> {
  const loader = new GLTFLoader(offline());
  // The loader would fetch pictures to decode them, which the page's policy refuses; an <img> may not.
  loader.register((parser) => {
    parser.textureLoader = new TextureLoader(parser.options.manager);
    return { name: "pictures-by-img" };
  });
  const found = await loader.parseAsync(suffix === "gltf" ? selfContained(textOf(bytes)) : bytes, "");
  return found.scene;
}

function surface(): MeshStandardMaterial {
  return new MeshStandardMaterial({ color: 0x7d93ad, roughness: 0.7, side: DoubleSide });
}

/** An .obj names its materials in another file, which was not logged. */
function plain(root: Object3D): Object3D {
  const material = surface();
  root.traverse((one) => {
    if (one instanceof Mesh) one.material = material;
  });
  return root;
}

function mesh(root: Object3D, up: "y" | "z" = "y"): ReadScene {
  let triangles = 0;
  root.traverse((one) => {
    const { geometry } = one as Partial<Mesh>;
    if (!geometry) return;
    triangles += ((geometry.index ?? geometry.getAttribute("position") as { count: number } | undefined)?.count ?? 0) / 3;
  });
  if (triangles === 0) throw new Error("The file holds no surface that can be drawn.");
  return { kind: "scene", root, up, words: `mesh of ${plural(Math.round(triangles), "triangle")}` };
}

function cloudScene(cloud: Cloud): ReadScene {
  const root = new Group();
  const geometry = new BufferGeometry();
  geometry.setAttribute("position", new Float32BufferAttribute(cloud.places, 3));
  geometry.setAttribute("color", new Float32BufferAttribute(cloud.colours, 3));
  root.add(new Points(geometry, new PointsMaterial({ size: 2, sizeAttenuation: false, vertexColors: true })));
  for (const box of cloud.boxes) {
    const ends = edgesOfCorners(box.corners).flatMap(([a, b]) => [...(box.corners[a] ?? []), ...(box.corners[b] ?? [])]);
    root.add(lines(ends, box.colour));
  }
  for (const vector of cloud.vectors) root.add(lines([...vector.start, ...vector.end], vector.colour));
  const count = cloud.places.length / 3;
  const words = [
    `point cloud of ${plural(count, "point")}${cloud.total > count ? ` of ${plural(cloud.total, "point")}` : ""}`,
    cloud.boxes.length > 0 && `${plural(cloud.boxes.length, "box", "boxes")}: ${[...new Set(cloud.boxes.map((box) => box.label))].filter(Boolean).slice(0, 6).join(", ")}`,
  ];
  return { kind: "scene", root, up: "z", words: words.filter(Boolean).join(", ").replace(/: $/, "") };
}

function lines(ends: number[], colour: readonly [number, number, number]): LineSegments {
  const geometry = new BufferGeometry();
  geometry.setAttribute("position", new Float32BufferAttribute(ends, 3));
  return new LineSegments(geometry, new LineBasicMaterial({ color: new Color(...colour) }));
}

/** Jmol's colours of the elements that are met most. */
const ELEMENTS: Readonly<Record<string, number>> = {
  H: 0xe8e8e8, C: 0x6f6f6f, N: 0x3050f8, O: 0xff0d0d, F: 0x90e050, P: 0xff8000, S: 0xe5c520, Cl: 0x1ff01f,
  Br: 0xa62929, I: 0x940094, Fe: 0xe06633, Zn: 0x7d80b0, Ca: 0x3dcf00, Na: 0xab5cf2, Mg: 0x5fbf00,
};

function moleculeScene({ atoms, bonds }: Molecule): ReadScene {
  if (atoms.length === 0) throw new Error("The file holds no atoms that can be read.");
  const root = new Group();
  const fine = atoms.length < 500 ? 20 : 8;
  const balls = new InstancedMesh(new SphereGeometry(1, fine, fine), new MeshStandardMaterial({ roughness: 0.5 }), atoms.length);
  const matrix = new Matrix4();
  atoms.forEach((atom, at) => {
    const size = radiusOf(atom.element) * 0.42;
    matrix.makeScale(size, size, size).setPosition(atom.x, atom.y, atom.z);
    balls.setMatrixAt(at, matrix);
    balls.setColorAt(at, new Color(ELEMENTS[atom.element] ?? 0xff1493));
  });
  root.add(balls);
  const sticks = new InstancedMesh(new CylinderGeometry(0.09, 0.09, 1, 8), new MeshStandardMaterial({ color: 0x9aa4ae, roughness: 0.6 }), bonds.length);
  const [up, a, b] = [new Vector3(0, 1, 0), new Vector3(), new Vector3()];
  bonds.forEach(([from, to], at) => {
    const [one, two] = [atoms[from], atoms[to]];
    if (!one || !two) return;
    a.set(one.x, one.y, one.z);
    b.set(two.x, two.y, two.z);
    const along = b.clone().sub(a);
    const length = along.length();
    const turn = new Quaternion().setFromUnitVectors(up, along.normalize());
    matrix.compose(a.add(b).multiplyScalar(0.5), turn, new Vector3(1, length, 1));
    sticks.setMatrixAt(at, matrix);
  });
  root.add(sticks);
  return { kind: "scene", root, up: "y", words: `${formula(atoms.map((atom) => atom.element))}, ${plural(atoms.length, "atom")}, ${plural(bonds.length, "bond")}` };
}

/** Hill order: carbon, hydrogen, then by name. */
function formula(elements: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const one of elements) counts.set(one, (counts.get(one) ?? 0) + 1);
  const rank = (name: string) => (name === "C" ? "0" : name === "H" ? "1" : `2${name}`);
  const names = [...counts.keys()].sort((x, y) => (rank(x) < rank(y) ? -1 : 1));
  return names.map((name) => `${name}${counts.get(name) === 1 ? "" : (counts.get(name) ?? "")}`).join(" ");
}
