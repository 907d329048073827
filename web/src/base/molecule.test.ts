import { expect, test } from "vitest";

import { readMolecule } from "./molecule";

const PDB = `HEADER    WATER
ATOM      1  O   HOH A   1       0.000   0.000   0.000  1.00  0.00           O
ATOM      2  H1  HOH A   1       0.957   0.000   0.000  1.00  0.00           H
ATOM      3  H2  HOH A   1      -0.240   0.927   0.000  1.00  0.00           H
HETATM    4 CA    CA A   2       9.000   9.000   9.000  1.00  0.00          CA
ENDMDL
ATOM      5  C   XXX A   1       0.000   0.000   0.000  1.00  0.00           C
`;

test("atoms of the first model of a PDB file, bonded by distance", () => {
  const found = readMolecule(PDB, "pdb");
  expect(found?.atoms.map((atom) => atom.element)).toEqual(["O", "H", "H", "Ca"]);
  expect(found?.bonds).toEqual([[0, 1], [0, 2]]);
});

test("atoms and bonds of a molfile are its own", () => {
  const mol = `
  made by hand

  2  1  0  0  0  0            999 V2000
    0.0000    0.0000    0.0000 C   0  0
    1.2000    0.0000    0.0000 O   0  0
  1  2  2  0
M  END
`;
  expect(readMolecule(mol, "sdf")).toEqual({
    atoms: [
      { element: "C", x: 0, y: 0, z: 0 },
      { element: "O", x: 1.2, y: 0, z: 0 },
    ],
    bonds: [[0, 1]],
  });
});

test("lengths of a gro file are nanometres, and mmCIF is read by its column names", () => {
  const gro = "title\n    1\n    1SOL     OW    1   0.126   1.624   1.679\n";
  expect(readMolecule(gro, "gro")?.atoms).toMatchObject([{ element: "O", x: 1.26 }]);
  const cif = `loop_
_atom_site.group_PDB
_atom_site.type_symbol
_atom_site.Cartn_x
_atom_site.Cartn_y
_atom_site.Cartn_z
ATOM N 1 2 3
ATOM C 2 2 3
#
`;
  expect(readMolecule(cif, "cif")?.atoms).toMatchObject([{ element: "N", z: 3 }, { element: "C" }]);
});

test("rubbish has no atoms, and an unknown kind is said to be one", () => {
  expect(readMolecule("\u0000 nothing", "pdb")).toEqual({ atoms: [], bonds: [] });
  expect(readMolecule("x", "mmtf")).toBeNull();
});
