/** Whole artifacts deleted and restored, of projects and of registries. */

export { CollectionsInTrash, type TrashSort } from "./collections";
export { DeleteCollection } from "./delete";
