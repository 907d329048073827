/** What other features use to ask for runs: filter, group, sort, columns. */

export { ColumnsButton, GroupButton, SortButton } from "./buttons";
export { ChosenColumns, ColumnList } from "./columns";
export { FilterButton } from "./filter";
