/**
 * Every page by its address. To add one: a lazy route here, its search parameters validated by the
 * feature's own function; a tab in tabs.ts if it belongs to a project.
 */

import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from "@tanstack/react-router";

import { basePath } from "@/api/request";
import { parseArtifactsSearch, parseVersionSearch, parseVersionsSearch } from "@/features/artifacts/search";
import { parseCompareSearch } from "@/features/compare/search";
import { parseRunSearch } from "@/features/run/search";
import { parseRunsSearch } from "@/features/runs/search";
import { parseRegistryCollectionSearch, parseRegistrySearch } from "@/features/registry/search";
import { parseSettingsSearch } from "@/features/settings/search";
import { parseSweepSearch, parseSweepsSearch } from "@/features/sweeps/search";
import { parseWorkspaceSearch } from "@/model/workspace/search";

import { PageError, PageMissing, ProjectPage, Root } from "./shell";

const root = createRootRoute({ component: Root, notFoundComponent: PageMissing });

const home = createRoute({
  getParentRoute: () => root,
  path: "/",
  component: lazyRouteComponent(() => import("@/features/home/page"), "HomePage"),
});

const project = createRoute({ getParentRoute: () => root, path: "$entity/$project", component: ProjectPage });

const projectIndex = createRoute({
  getParentRoute: () => project,
  path: "/",
  beforeLoad: ({ params }) => {
    throw redirect({ to: "/$entity/$project/workspace", params, replace: true });
  },
});

const workspace = createRoute({
  getParentRoute: () => project,
  path: "workspace",
  validateSearch: parseWorkspaceSearch,
  component: lazyRouteComponent(() => import("@/features/workspace/page"), "WorkspacePage"),
});

const runs = createRoute({
  getParentRoute: () => project,
  path: "runs",
  validateSearch: parseRunsSearch,
  component: lazyRouteComponent(() => import("@/features/runs/page"), "RunsPage"),
});

const run = createRoute({
  getParentRoute: () => project,
  path: "runs/$run",
  validateSearch: parseRunSearch,
  component: lazyRouteComponent(() => import("@/features/run/page"), "RunPage"),
});

const compare = createRoute({
  getParentRoute: () => project,
  path: "compare",
  validateSearch: parseCompareSearch,
  component: lazyRouteComponent(() => import("@/features/compare/page"), "ComparePage"),
});

const artifacts = createRoute({
  getParentRoute: () => project,
  path: "artifacts",
  validateSearch: parseArtifactsSearch,
  component: lazyRouteComponent(() => import("@/features/artifacts/collections"), "ArtifactsPage"),
});

const collection = createRoute({
  getParentRoute: () => project,
  path: "artifacts/$type/$collection",
  validateSearch: parseVersionsSearch,
  component: lazyRouteComponent(() => import("@/features/artifacts/collection"), "CollectionPage"),
});

const version = createRoute({
  getParentRoute: () => project,
  path: "artifacts/$type/$collection/$version",
  validateSearch: parseVersionSearch,
  component: lazyRouteComponent(() => import("@/features/artifacts/version"), "VersionPage"),
});

const sweeps = createRoute({
  getParentRoute: () => project,
  path: "sweeps",
  validateSearch: parseSweepsSearch,
  component: lazyRouteComponent(() => import("@/features/sweeps/list"), "SweepsPage"),
});

const sweep = createRoute({
  getParentRoute: () => project,
  path: "sweeps/$sweep",
  validateSearch: parseSweepSearch,
  component: lazyRouteComponent(() => import("@/features/sweeps/page"), "SweepPage"),
});

const reports = createRoute({
  getParentRoute: () => project,
  path: "reports",
  component: lazyRouteComponent(() => import("@/features/reports/list"), "ReportsPage"),
});

const report = createRoute({
  getParentRoute: () => project,
  path: "reports/$report",
  component: lazyRouteComponent(() => import("@/features/reports/page"), "ReportPage"),
});

const projectSettings = createRoute({
  getParentRoute: () => project,
  path: "settings",
  component: lazyRouteComponent(() => import("@/features/settings/project"), "ProjectSettingsPage"),
});

const registries = createRoute({
  getParentRoute: () => root,
  path: "registry",
  component: lazyRouteComponent(() => import("@/features/registry/list"), "RegistriesPage"),
});

const registry = createRoute({
  getParentRoute: () => root,
  path: "registry/$organization/$registry",
  validateSearch: parseRegistrySearch,
  component: lazyRouteComponent(() => import("@/features/registry/registry"), "RegistryPage"),
});

const registryCollection = createRoute({
  getParentRoute: () => root,
  path: "registry/$organization/$registry/$collection",
  validateSearch: parseRegistryCollectionSearch,
  component: lazyRouteComponent(() => import("@/features/registry/collection"), "RegistryCollectionPage"),
});

const settings = createRoute({
  getParentRoute: () => root,
  path: "settings",
  validateSearch: parseSettingsSearch,
  component: lazyRouteComponent(() => import("@/features/settings/page"), "SettingsPage"),
});

const admin = createRoute({
  getParentRoute: () => root,
  path: "admin",
  component: lazyRouteComponent(() => import("@/features/admin/page"), "AdminPage"),
});

const routes = root.addChildren([
  home,
  registries,
  registry,
  registryCollection,
  settings,
  admin,
  project.addChildren([
    projectIndex,
    workspace,
    runs,
    run,
    compare,
    artifacts,
    collection,
    version,
    sweeps,
    sweep,
    reports,
    report,
    projectSettings,
  ]),
]);

export const router = createRouter({
  routeTree: routes,
  basepath: basePath(),
  defaultErrorComponent: PageError,
  defaultPreload: "intent",
  scrollRestoration: false,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
