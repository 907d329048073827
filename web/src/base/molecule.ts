/** Molecules from the files that hold them: atoms with their places in ångström, and bonds. */

export interface Atom {
  element: string;
  x: number;
  y: number;
  z: number;
}

export interface Molecule {
  atoms: readonly Atom[];
  /** pairs of places in `atoms` */
  bonds: readonly (readonly [number, number])[];
}

export const ATOMS_MAX = 20_000;

/** Read a structure file by its suffix; null for a kind that is not read here. Only its first model. */
export function readMolecule(text: string, suffix: string): Molecule | null {
  switch (suffix.toLowerCase()) {
    case "pdb":
      return bonded(readPdb(text));
    case "pqr":
      return bonded(readPqr(text));
    case "mol":
    case "sdf":
    case "sd":
      return readMol(text);
    case "mol2":
      return readMol2(text);
    case "gro":
      return bonded(readGro(text));
    case "cif":
    case "mcif":
    case "mmcif":
      return bonded(readCif(text));
    case "xyz":
      return bonded(readXyz(text));
    default:
      return null;
  }
}

function readPdb(text: string): Atom[] {
  const atoms: Atom[] = [];
  for (const line of text.split("\n")) {
    if (line.startsWith("ENDMDL")) break;
    if (!line.startsWith("ATOM") && !line.startsWith("HETATM")) continue;
    const name = line.slice(12, 16);
    push(atoms, line.slice(76, 78).trim() || elementOfName(name), line.slice(30, 38), line.slice(38, 46), line.slice(46, 54));
  }
  return atoms;
}

function readPqr(text: string): Atom[] {
  const atoms: Atom[] = [];
  for (const line of text.split("\n")) {
    if (!line.startsWith("ATOM") && !line.startsWith("HETATM")) continue;
    const words = line.trim().split(/\s+/);
    // From the end: x y z charge radius; a chain may be there or not.
    const at = words.length - 5;
    push(atoms, elementOfName(words[2] ?? ""), words[at], words[at + 1], words[at + 2]);
  }
  return atoms;
}

function readMol(text: string): Molecule | null {
  const lines = text.split("\n");
  const counts = lines[3] ?? "";
  if (counts.includes("V3000")) return readMolV3000(lines);
  const [n, m] = [Number(counts.slice(0, 3)), Number(counts.slice(3, 6))];
  if (!Number.isInteger(n) || !Number.isInteger(m)) return null;
  const atoms: Atom[] = [];
  for (const line of lines.slice(4, 4 + n)) {
    push(atoms, line.slice(31, 34).trim(), line.slice(0, 10), line.slice(10, 20), line.slice(20, 30));
  }
  const bonds = lines
    .slice(4 + n, 4 + n + m)
    .map((line) => [Number(line.slice(0, 3)) - 1, Number(line.slice(3, 6)) - 1] as const);
  return { atoms, bonds: within(bonds, atoms.length) };
}

function readMolV3000(lines: string[]): Molecule {
  const atoms: Atom[] = [];
  const bonds: (readonly [number, number])[] = [];
  let part = "";
  for (const line of lines) {
    const words = line.replace(/^M\s+V30\s+/, "").trim().split(/\s+/);
    if (words[0] === "BEGIN") part = words[1] ?? "";
    else if (words[0] === "END") part = "";
    else if (part === "ATOM") push(atoms, words[1] ?? "", words[2], words[3], words[4]);
    else if (part === "BOND") bonds.push([Number(words[2]) - 1, Number(words[3]) - 1]);
  }
  return { atoms, bonds: within(bonds, atoms.length) };
}

function readMol2(text: string): Molecule {
  const atoms: Atom[] = [];
  const bonds: (readonly [number, number])[] = [];
  let part = "";
  for (const line of text.split("\n")) {
    if (line.startsWith("@<TRIPOS>")) {
      part = line.slice(9).trim();
      if (part === "MOLECULE" && atoms.length > 0) break;
      continue;
    }
    const words = line.trim().split(/\s+/);
    if (part === "ATOM" && words.length >= 6) push(atoms, (words[5] ?? "").split(".")[0] ?? "", words[2], words[3], words[4]);
    else if (part === "BOND" && words.length >= 4) bonds.push([Number(words[1]) - 1, Number(words[2]) - 1]);
  }
  return { atoms, bonds: within(bonds, atoms.length) };
}

/** Places are in nanometres there. */
function readGro(text: string): Atom[] {
  const lines = text.split("\n");
  const n = Number(lines[1]);
  const atoms: Atom[] = [];
  for (const line of lines.slice(2, 2 + (Number.isInteger(n) ? n : 0))) {
    const place = [line.slice(20, 28), line.slice(28, 36), line.slice(36, 44)].map((one) => String(Number(one) * 10));
    push(atoms, elementOfName(line.slice(10, 15).trim()), place[0], place[1], place[2]);
  }
  return atoms;
}

function readXyz(text: string): Atom[] {
  const lines = text.split("\n");
  const atoms: Atom[] = [];
  for (const line of lines.slice(2, 2 + Number(lines[0]))) {
    const words = line.trim().split(/\s+/);
    push(atoms, words[0] ?? "", words[1], words[2], words[3]);
  }
  return atoms;
}

/** The `_atom_site` loop of an mmCIF file. */
function readCif(text: string): Atom[] {
  const atoms: Atom[] = [];
  const columns: string[] = [];
  let model = "";
  for (const line of text.split("\n")) {
    const words = line.trim().split(/\s+/);
    if (words[0]?.startsWith("_atom_site.") === true) columns.push(words[0].slice(11));
    else if (columns.length > 0 && words.length >= columns.length && words[0] !== "loop_") {
      const at = (name: string) => words[columns.indexOf(name)];
      const number = at("pdbx_PDB_model_num") ?? "";
      if (model === "") model = number;
      if (number !== model) break;
      push(atoms, at("type_symbol") ?? "", at("Cartn_x"), at("Cartn_y"), at("Cartn_z"));
    } else if (atoms.length > 0) break;
  }
  return atoms;
}

function push(atoms: Atom[], element: string, ...place: (string | undefined)[]): void {
  const [x = Number.NaN, y = Number.NaN, z = Number.NaN] = place.map((one) => (one?.trim() ? Number(one) : Number.NaN));
  if (atoms.length >= ATOMS_MAX || !Number.isFinite(x + y + z)) return;
  const name = element.replace(/[^A-Za-z]/g, "");
  atoms.push({ element: name.slice(0, 1).toUpperCase() + name.slice(1, 2).toLowerCase(), x, y, z });
}

/** Of an atom's name: ` CA ` is carbon, `CA  ` is calcium, `1HB2` is hydrogen. */
function elementOfName(name: string): string {
  const letters = name.replace(/^[\s\d]+/, "").replace(/[^A-Za-z].*$/, "");
  const aligned = name.length === 4 && name.startsWith(" ");
  const two = letters.slice(0, 2);
  return !aligned && name.length === 4 && TWO_LETTERS.has(two.toUpperCase()) ? two : letters.slice(0, 1);
}

const TWO_LETTERS = new Set(["CL", "BR", "NA", "MG", "ZN", "FE", "MN", "CU", "SE", "LI"]);

function within(bonds: (readonly [number, number])[], count: number) {
  return bonds.filter(([a, b]) => Number.isInteger(a) && Number.isInteger(b) && a >= 0 && b >= 0 && a < count && b < count);
}

// --- bonds by distance -----------------------------------------------------------------------------

/** Covalent radii in ångström. */
const RADII: Readonly<Record<string, number>> = {
  H: 0.31, C: 0.76, N: 0.71, O: 0.66, F: 0.57, P: 1.07, S: 1.05, Cl: 1.02, Br: 1.2, I: 1.39,
  Na: 1.66, Mg: 1.41, K: 2.03, Ca: 1.76, Fe: 1.32, Zn: 1.22, Se: 1.2, Si: 1.11, B: 0.84,
};
const SLACK = 0.4;
const CELL = 3.2;

export function radiusOf(element: string): number {
  return RADII[element] ?? 1.2;
}

/** Atoms closer than their radii and a little are bonded; looked up by cells of space, so in O(n). */
function bonded(atoms: Atom[]): Molecule {
  const cells = new Map<string, number[]>();
  const cellOf = (atom: Atom) => [atom.x, atom.y, atom.z].map((one) => Math.floor(one / CELL));
  const bonds: (readonly [number, number])[] = [];
  atoms.forEach((atom, at) => {
    const [cx = 0, cy = 0, cz = 0] = cellOf(atom);
    for (let dx = -1; dx <= 1; dx++)
      for (let dy = -1; dy <= 1; dy++)
        for (let dz = -1; dz <= 1; dz++)
          for (const other of cells.get(`${cx + dx},${cy + dy},${cz + dz}`) ?? []) {
            const near = atoms[other];
            if (!near) continue;
            const distance = Math.hypot(atom.x - near.x, atom.y - near.y, atom.z - near.z);
            if (distance > 0.4 && distance < radiusOf(atom.element) + radiusOf(near.element) + SLACK) bonds.push([other, at]);
          }
    const key = `${cx},${cy},${cz}`;
    const list = cells.get(key);
    if (list) list.push(at);
    else cells.set(key, [at]);
  });
  return { atoms, bonds };
}
