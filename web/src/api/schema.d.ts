export interface paths {
    "/api/v1/admin/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Audit
         * @description What was done on this server, the newest first.
         */
        get: operations["list_audit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/audit/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Export Audit
         * @description All of it.
         */
        get: operations["export_audit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/audit/verify": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Verify Audit
         * @description Walk the whole chain: was a row edited, removed, moved, or cut off the end?
         */
        get: operations["verify_audit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/gc": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Collect Garbage
         * @description Give back what nothing refers to; with `dry_run` only say what that would be.
         */
        post: operations["collect_garbage"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Health
         * @description What an administrator wants to know at a glance.
         */
        get: operations["get_health"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/organizations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Create Organization
         * @description Make an organisation with its first admin; one that exists is answered as it is.
         */
        post: operations["create_organization"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/organizations/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Delete Organization */
        delete: operations["delete_organization"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/organizations/{name}/members": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Add Member
         * @description Make somebody a member, or change their role.
         */
        post: operations["add_member"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/teams": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Create Team
         * @description Make a team of an organisation with its first admin; one that exists is answered as it is.
         */
        post: operations["create_team"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Users
         * @description All users by name, former ones too.
         */
        get: operations["list_users"];
        put?: never;
        /**
         * Create User
         * @description Make a user; one that exists is answered as it is, and a new `api_key` is added to it.
         */
        post: operations["create_user"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/users/{username}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Delete User
         * @description Runs stay; keys and sessions end at once.
         */
        delete: operations["delete_user"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/users/{username}/keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Make User Key
         * @description A further key for a user; it is in this answer and nowhere else.
         */
        post: operations["make_user_key"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/alerts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Alerts
         * @description Of all runs the caller may read.
         */
        get: operations["list_alerts"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/charts/{entity}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Charts
         * @description The entity's charts, by name.
         */
        get: operations["list_charts"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/charts/{entity}/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Chart
         * @description One chart; a public one is for everybody who is signed in.
         */
        get: operations["get_chart"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/deletions/{deletion}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Find Deletion
         * @description By its number alone: in which project it is, and how far.
         */
        get: operations["find_deletion"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/entities/{entity}/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Entity Audit
         * @description What was done to things of a user, team or organisation, the newest first.
         */
        get: operations["list_entity_audit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/entities/{entity}/audit/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Export Entity Audit
         * @description All of a user's, team's or organisation's.
         */
        get: operations["export_entity_audit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/entities/{entity}/blobs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Put Blob
         * @description Keep the body as one blob.
         */
        put: operations["put_blob"];
        /**
         * Put Blobs
         * @description Keep many small blobs in one request; the answer has them in the order of the body.
         */
        post: operations["put_blobs"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/entities/{entity}/blobs/find": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Find Blobs
         * @description Which of these digests the entity has sent already: they need not be sent again.
         */
        post: operations["find_blobs"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/entities/{entity}/deployments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Deployments
         * @description The newest first.
         */
        get: operations["list_deployments"];
        put?: never;
        /**
         * Record Deployment
         * @description A version runs at a site from now on; what ran there under that name has ended.
         */
        post: operations["record_deployment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/entities/{entity}/deployments/{deployment}/end": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * End Deployment
         * @description It does not run any more.
         */
        post: operations["end_deployment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/entities/{entity}/predictions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Add Prediction
         * @description Note a prediction, so that it can be traced back to what it was trained on.
         */
        post: operations["add_prediction"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/entities/{entity}/predictions/{prediction}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get Prediction */
        get: operations["get_prediction"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/entities/{entity}/predictions/{prediction}/trace": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Trace Prediction
         * @description A prediction back to the model, the training run, its commit and its data.
         */
        get: operations["trace_prediction"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/entities/{entity}/retention": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Entity Retention
         * @description The defaults of all projects of an entity.
         */
        get: operations["get_entity_retention"];
        /**
         * Set Entity Retention
         * @description The default of all projects that say nothing else, or that of a type; {} takes it away.
         */
        put: operations["set_entity_retention"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/entities/{entity}/storage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Entity Storage Use
         * @description What the artifacts of all projects of an entity take up, counted now: exact.
         */
        get: operations["get_entity_storage_use"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/entities/{entity}/uploads": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Begin Upload
         * @description Begin a blob that comes in pieces and may be cut and gone on with.
         */
        post: operations["begin_upload"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/entities/{entity}/uploads/{upload}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Upload
         * @description How much has come: where to go on.
         */
        get: operations["get_upload"];
        put?: never;
        post?: never;
        /**
         * Abort Upload
         * @description Give it up; what has come is forgotten.
         */
        delete: operations["abort_upload"];
        options?: never;
        head?: never;
        /**
         * Append Upload
         * @description The next bytes, from `offset` on. 409 `offset_mismatch` tells where to go on instead; what came
         *     before a connection broke is kept.
         */
        patch: operations["append_upload"];
        trace?: never;
    };
    "/api/v1/entities/{entity}/uploads/{upload}/addresses": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Get Upload Addresses
         * @description Where pieces of a `direct` upload are to be put in the blob store itself, by PUT, for a quarter of
         *     an hour. They count when `finish` has read and checked them.
         */
        post: operations["get_upload_addresses"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/entities/{entity}/uploads/{upload}/finish": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Finish Upload
         * @description All has come: it is a blob now. Asked again for one that is finished: 404, and the blob is found
         *     by its digest.
         */
        post: operations["finish_upload"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/entities/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Entity
         * @description A user, team or organisation the caller may see, and the caller's role and rights there.
         */
        get: operations["get_entity"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/entities/{name}/members": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List Members */
        get: operations["list_members"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/entities/{name}/members/{username}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Set Member
         * @description Make somebody a member of a team or organisation, or change their role.
         */
        put: operations["set_member"];
        post?: never;
        /**
         * Remove Member
         * @description Oneself, or (with MANAGE) somebody else.
         */
        delete: operations["remove_member"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/feed": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Follow Feed
         * @description Server-sent events of what the caller may read. A comment line every 15 s keeps it open.
         */
        get: operations["follow_feed"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Me
         * @description The signed-in user, their entities, what they may do, and what server this is.
         */
        get: operations["get_me"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Update Me
         * @description Change one's own names, address or default entity.
         */
        patch: operations["update_me"];
        trace?: never;
    };
    "/api/v1/me/keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get My Keys
         * @description One's own keys, without the keys themselves.
         */
        get: operations["get_my_keys"];
        put?: never;
        /**
         * Make My Key
         * @description Make a key; it is in this answer and nowhere else.
         */
        post: operations["make_my_key"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/me/keys/{key_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Delete My Key
         * @description End a key at once.
         */
        delete: operations["delete_my_key"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/organizations/{organization}/registries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Registries
         * @description Those the caller may see, by name.
         */
        get: operations["list_registries"];
        put?: never;
        /**
         * Create Registry
         * @description Make a registry; the caller is an admin of it.
         */
        post: operations["create_registry"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/organizations/{organization}/registries/{registry}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get Registry */
        get: operations["get_registry"];
        put?: never;
        post?: never;
        /**
         * Delete Registry
         * @description To the trash; what was linked into it stays where it was made.
         */
        delete: operations["delete_registry"];
        options?: never;
        head?: never;
        /**
         * Update Registry
         * @description Change what is given. Types that are in use stay allowed.
         */
        patch: operations["update_registry"];
        trace?: never;
    };
    "/api/v1/organizations/{organization}/registries/{registry}/members": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Registry Members
         * @description Users and teams with a role of their own.
         */
        get: operations["list_registry_members"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/organizations/{organization}/registries/{registry}/members/{member}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Set Registry Member
         * @description Give a user or a team a role.
         */
        put: operations["set_registry_member"];
        post?: never;
        /**
         * Remove Registry Member
         * @description Take a role away.
         */
        delete: operations["remove_registry_member"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Projects
         * @description Projects by last activity, newest first.
         */
        get: operations["list_projects"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Project
         * @description A project or a registry, and what the caller may do there.
         *
         *     `may.write.allowed` says whether routes that need `write` on it let the caller pass, and
         *     `may.write.reason` what they would say.
         */
        get: operations["get_project"];
        /**
         * Ensure Project
         * @description See that the project exists. 201 where it was made; one that exists keeps its description
         *     unless another is given.
         */
        put: operations["ensure_project"];
        post?: never;
        /**
         * Delete Project
         * @description To the trash, with its runs; the name is free at once.
         */
        delete: operations["delete_project"];
        options?: never;
        head?: never;
        /**
         * Update Project
         * @description Change description, name or settings; what is left out stays.
         */
        patch: operations["update_project"];
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/artifact-types": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Artifact Types
         * @description By name.
         */
        get: operations["list_artifact_types"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/artifact-types/{type}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Ensure Artifact Type
         * @description Made if absent.
         */
        put: operations["ensure_artifact_type"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/artifacts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Create Artifact
         * @description Begin a version: pending, to be filled (`entries`) and committed. Content that the collection
         *     holds already, told by `sha256` or `digest`, is that version: `existed`.
         */
        post: operations["create_artifact"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/artifacts/{artifact}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Artifact
         * @description A version by name, or by id (a pending one only so).
         */
        get: operations["get_artifact"];
        put?: never;
        post?: never;
        /**
         * Delete Artifact
         * @description To the trash for 30 days; 409 where aliases beside `latest` point to it.
         */
        delete: operations["delete_artifact"];
        options?: never;
        head?: never;
        /**
         * Update Artifact
         * @description Change what is said of a version; what lies in it does not change.
         */
        patch: operations["update_artifact"];
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/artifacts/{artifact}/abandon": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Abandon Artifact
         * @description Give up a pending version (`@ID`).
         */
        post: operations["abandon_artifact"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/artifacts/{artifact}/aliases": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Move Aliases
         * @description Move aliases of the collection to this version, take others off it; all at once.
         */
        post: operations["move_aliases"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/artifacts/{artifact}/commit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Commit Artifact
         * @description Make a pending version (`@ID`) seen. Where the collection has the same content already, the
         *     answer is that version. 409 `missing_file` names files whose bytes have not come.
         */
        post: operations["commit_artifact"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/artifacts/{artifact}/compare": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Compare Versions
         * @description This version against a baseline: numbers, config, metadata, files.
         */
        get: operations["compare_versions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/artifacts/{artifact}/diff": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Diff Artifacts
         * @description What differs between this version and another. With `delimiter=/` by folder: those in which
         *     something differs, with counts, then files of this folder that do; `prefix` names the folder.
         */
        get: operations["diff_artifacts"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/artifacts/{artifact}/entries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Add Artifact Entries
         * @description Say what lies in a pending version (`@ID`), in as many requests as it takes.
         */
        post: operations["add_artifact_entries"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/artifacts/{artifact}/files": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Artifact Files
         * @description Files and references by path. With `delimiter=/` those of one folder: folders in it, each with the
         *     count and bytes of what lies below it, then its files; a `prefix` names the folder (`images/`), or
         *     how names in it begin (`images/0`). A page costs the same however much the version holds.
         */
        get: operations["list_artifact_files"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/artifacts/{artifact}/files/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Artifact File
         * @description A file's bytes, or a range of them.
         */
        get: operations["get_artifact_file"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/artifacts/{artifact}/files/read": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Read Artifact Files
         * @description Bytes of many small files in one answer: at most 20,000 files and 32 MiB, none above 1 MiB. Each
         *     comes after 8 bytes, two little-endian numbers of 4: its place in `paths`, counted from 0, and its
         *     length. They come in no order, and all of them, or the answer ends before its `Content-Length`.
         */
        post: operations["read_artifact_files"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/artifacts/{artifact}/impact": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Artifact Impact
         * @description Every version, run, model and deployment that came of a version, or of one of its rows.
         */
        get: operations["get_artifact_impact"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/artifacts/{artifact}/lineage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Artifact Lineage
         * @description What a version was made from, and what was made of it. What the caller may not see is locked.
         */
        get: operations["get_artifact_lineage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/artifacts/{artifact}/links": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Link Artifact
         * @description The version in a further collection too, such as a registry's (WRITE there).
         */
        post: operations["link_artifact"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/artifacts/{artifact}/manifest": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Artifact Manifest
         * @description Everything that lies in a version, in one answer, however much it is.
         */
        get: operations["get_artifact_manifest"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/artifacts/{artifact}/members": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Artifact Members
         * @description The version in each collection it lies in or is linked into, its source first.
         */
        get: operations["list_artifact_members"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/artifacts/{artifact}/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Restore Artifact
         * @description A version (`@ID`) out of the trash.
         */
        post: operations["restore_artifact"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/artifacts/{artifact}/unlink": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Unlink Artifact
         * @description Out of the collection it is named in here, which it was linked into.
         */
        post: operations["unlink_artifact"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/collections": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Collections
         * @description Collections of a project, page by page.
         */
        get: operations["list_collections"];
        put?: never;
        /**
         * Create Collection
         * @description Make a collection; one that is there already, of that type and kind, is no error.
         */
        post: operations["create_collection"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/collections/{collection}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get Collection */
        get: operations["get_collection"];
        put?: never;
        post?: never;
        /**
         * Delete Collection
         * @description To the trash, with its versions; from there it can be restored whole.
         */
        delete: operations["delete_collection"];
        options?: never;
        head?: never;
        /**
         * Update Collection
         * @description Change what is given.
         */
        patch: operations["update_collection"];
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/collections/{collection}/aliases": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Collection Aliases
         * @description What stands under each alias, by alias.
         */
        get: operations["list_collection_aliases"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/collections/{collection}/approvals": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Approvals
         * @description The newest first.
         */
        get: operations["list_approvals"];
        put?: never;
        /**
         * Ask Approval
         * @description Ask that a protected alias move to a version.
         */
        post: operations["ask_approval"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/collections/{collection}/approvals/{approval}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Decide Approval
         * @description Approve or reject; the last word needed moves the alias.
         */
        post: operations["decide_approval"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/collections/{collection}/log": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Alias Moves
         * @description What was where when, by whom and why: the newest first.
         */
        get: operations["list_alias_moves"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/collections/{collection}/promote": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Promote Version
         * @description Point an alias to a version, with a reason.
         */
        post: operations["promote_version"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/collections/{collection}/rollback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Roll Back Version
         * @description Point an alias to the version it pointed to before; once more goes one further back.
         */
        post: operations["roll_back_version"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/collections/{collection}/versions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Versions
         * @description Versions of a collection, linked ones too. `search` finds a number (`v12`), a piece of an alias, or
         *     a piece of the description.
         */
        get: operations["list_versions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/collections/{collection}/versions/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Restore Versions
         * @description Versions out of the trash, under their numbers, all at once; those that are not there are left.
         */
        post: operations["restore_versions"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/collections/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Restore Collection
         * @description Out of the trash, whole: versions, links, aliases, tags. 409 where its name was taken meanwhile (give
         *     `new_name`), or where several of that name are in the trash (give `id`).
         */
        post: operations["restore_collection"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/columns": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Columns
         * @description Config and summary paths that occur in the project.
         */
        get: operations["list_columns"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/deletions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Deletions
         * @description The newest first.
         */
        get: operations["list_deletions"];
        put?: never;
        /**
         * Delete By Query
         * @description Versions that match, to the trash, by a job: the answer says which deletion to ask for.
         */
        post: operations["delete_by_query"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/deletions/{deletion}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Deletion
         * @description How far it is.
         */
        get: operations["get_deletion"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/deletions/{deletion}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Cancel Deletion
         * @description It stops; what went is in the trash. So does its undo: what came back is back.
         */
        post: operations["cancel_deletion"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/deletions/{deletion}/undo": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Undo Deletion
         * @description What it took and is still in the trash comes back, by a job; one that still runs stops first.
         */
        post: operations["undo_deletion"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/deletions/preview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Preview Deletion
         * @description What a deletion would move to the trash; nothing is changed.
         */
        post: operations["preview_deletion"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Project Keys
         * @description Metric keys that any run of the project logged, by name.
         */
        get: operations["list_project_keys"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/media/keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * List Media Keys
         * @description Keys under which any of the runs logged images, tables, histograms and the like, by name.
         */
        post: operations["list_media_keys"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/media/values": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Read Media
         * @description What each run had logged under each key by a step: the latest value, or several evenly spread.
         */
        post: operations["read_media"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/retention": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Retention
         * @description What is kept of the versions in a project, and who said so.
         */
        get: operations["get_retention"];
        /**
         * Set Retention
         * @description The project's default, or that of a type; {} takes it away. Applied within the hour.
         */
        put: operations["set_retention"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/retention/apply": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Apply Retention
         * @description Apply the policies of a project now rather than within the hour.
         */
        post: operations["apply_retention"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/retention/preview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Preview Retention
         * @description What would go now, by the policies or by a rule that is not set yet; nothing is changed.
         */
        post: operations["preview_retention"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/runs/{run}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Run
         * @description One run, with environment and metric definitions.
         */
        get: operations["get_run"];
        /**
         * Put Run
         * @description Create the run (and its project), or change it.
         */
        put: operations["put_run"];
        post?: never;
        /**
         * Delete Run
         * @description To the trash; restorable for 30 days.
         */
        delete: operations["delete_run"];
        options?: never;
        head?: never;
        /**
         * Update Run
         * @description Change fields of a run; what is left out stays.
         */
        patch: operations["update_run"];
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/runs/{run}/alerts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Run Alerts
         * @description Of one run.
         */
        get: operations["list_run_alerts"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/runs/{run}/artifacts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Run Artifacts
         * @description Versions the run used (input) or made (output).
         */
        get: operations["list_run_artifacts"];
        put?: never;
        /**
         * Use Artifact
         * @description Note that the run uses a version, of this project or another.
         */
        post: operations["use_artifact"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/runs/{run}/config-history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Config History
         * @description Who set what in the config, when.
         */
        get: operations["get_config_history"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/runs/{run}/console": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read Console
         * @description Lines by number, or those from `start` on that contain `search`.
         */
        get: operations["read_console"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/runs/{run}/console/download": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Download Console
         * @description All lines as text.
         */
        get: operations["download_console"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/runs/{run}/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Export History
         * @description The whole history as a file: every row, every value as it was logged.
         */
        get: operations["export_history"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/runs/{run}/files": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Files
         * @description Files by name.
         */
        get: operations["list_files"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/runs/{run}/files/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get File
         * @description A file's bytes, or a range of them.
         */
        get: operations["get_file"];
        /**
         * Put File
         * @description Keep a file under a name; one of that name is replaced. The body is the bytes.
         */
        put: operations["put_file"];
        post?: never;
        /**
         * Delete File
         * @description Take a file off the run.
         */
        delete: operations["delete_file"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/runs/{run}/journal": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Journal Offset
         * @description Where this writer's journal goes on.
         */
        get: operations["get_journal_offset"];
        put?: never;
        /**
         * Append Journal
         * @description Take in the bytes of a journal from `offset` on. What is answered is kept; re-sends are
         *     harmless. 409 `offset_mismatch` says where to go on, 409 `missing_file` which file to send first.
         */
        post: operations["append_journal"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/runs/{run}/keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Keys
         * @description What the run logged, by name, with counts, ranges and the last value.
         */
        get: operations["list_keys"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/runs/{run}/lineage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Run Lineage
         * @description What a run used, what it made, and so on.
         */
        get: operations["get_run_lineage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/runs/{run}/rows": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Rows
         * @description Whole rows by rising step, both ends included.
         */
        get: operations["list_rows"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/runs/{run}/statistics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Statistics
         * @description Over all points of a key in the range of steps; exact.
         */
        get: operations["get_statistics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/runs/{run}/stop": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Stop Run
         * @description Ask the run to end itself; its client hears of it with its next request.
         */
        post: operations["stop_run"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/runs/delete": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Delete Runs
         * @description Several runs to the trash.
         */
        post: operations["delete_runs"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/runs/group": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Group Runs
         * @description Runs by the values of some keys, with exact statistics over each group.
         */
        post: operations["group_runs"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/runs/move": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Move Runs
         * @description Several runs to another project.
         */
        post: operations["move_runs"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/runs/pareto": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Pareto Of Runs
         * @description The runs that no other beats in every objective, under limits; over all that match.
         */
        post: operations["pareto_of_runs"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/runs/purge": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Purge Runs
         * @description Several runs in the trash for good: history, console and files too.
         */
        post: operations["purge_runs"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/runs/query": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Query Runs
         * @description Runs that match, a page at a time, in any order; filter and sort are done here, over all.
         */
        post: operations["query_runs"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/runs/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Restore Runs
         * @description Several runs out of the trash.
         */
        post: operations["restore_runs"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/runs/tag": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Tag Runs
         * @description Add and remove tags on several runs.
         */
        post: operations["tag_runs"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/series": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Read Series
         * @description Lines of a chart: exact minimum, maximum and mean of every bucket, on one common grid.
         */
        post: operations["read_series"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/storage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Storage Use
         * @description What the artifacts of a project take up, counted now: exact.
         */
        get: operations["get_storage_use"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/sweeps": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Sweeps
         * @description Last made first.
         */
        get: operations["list_sweeps"];
        put?: never;
        /**
         * Create Sweep
         * @description A pending sweep, its project made if absent. 400 with every problem of the configuration.
         */
        post: operations["create_sweep"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/sweeps/{sweep}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get Sweep */
        get: operations["get_sweep"];
        put?: never;
        post?: never;
        /**
         * Delete Sweep
         * @description The sweep and its trials; its runs stay.
         */
        delete: operations["delete_sweep"];
        options?: never;
        head?: never;
        /**
         * Update Sweep
         * @description state: running resumes; paused hands out nothing more, what runs goes on; finished the same for
         *     good; cancelled stops what runs, too. 409 where the sweep is over.
         */
        patch: operations["update_sweep"];
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/sweeps/{sweep}/agents": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Agents
         * @description In the order in which they came.
         */
        get: operations["list_agents"];
        put?: never;
        /** Register Agent */
        post: operations["register_agent"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/sweeps/{sweep}/agents/{agent}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * End Agent
         * @description The agent ends; trials that it held go back to the queue at once.
         */
        delete: operations["end_agent"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/sweeps/{sweep}/agents/{agent}/beat": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Beat Agent
         * @description The agent is there and holds these attempts.
         */
        post: operations["beat_agent"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/sweeps/{sweep}/agents/{agent}/claim": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Claim Trials
         * @description Trials to run now. Each is leased: beat before `lease_seconds` are over, or it goes to others.
         */
        post: operations["claim_trials"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/sweeps/{sweep}/approvals": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Ask Approval From Sweep
         * @description Link the best trial's artifact into a registry's collection and ask for the approval that a protected
         *     alias needs: those who decide are shown the sweep's evidence. 409 as a promotion from the sweep.
         */
        post: operations["ask_approval_from_sweep"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/sweeps/{sweep}/ask": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Ask Trials
         * @description What to try next, leased to the caller, who tells what came of it. To keep it for longer than
         *     the lease: `POST …/beat`.
         */
        post: operations["ask_trials"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/sweeps/{sweep}/beat": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Beat Trials
         * @description Keep trials that were asked for.
         */
        post: operations["beat_trials"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/sweeps/{sweep}/best": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Best Of Sweep
         * @description Best first; combinations that break a constraint come last.
         */
        get: operations["best_of_sweep"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/sweeps/{sweep}/copy": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Bring Sweep
         * @description Lay down a sweep of a directory as it is there, made if absent; again is harmless. Until it is over
         *     it is paused here. 409 once agents of this server have taken part in it.
         */
        put: operations["bring_sweep"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/sweeps/{sweep}/importance": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Importance Of Sweep
         * @description Which parameters the first objective depends on. Takes seconds after trials have ended; 503
         *     while another sweep's is being worked out.
         */
        get: operations["importance_of_sweep"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/sweeps/{sweep}/lineage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Sweep Lineage
         * @description The runs of a sweep, what they made, and so on. Edges to the runs that are the best say so.
         */
        get: operations["get_sweep_lineage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/sweeps/{sweep}/pareto": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Pareto Of Sweep
         * @description The combinations that no feasible other beats in every objective, over means of repeats.
         */
        get: operations["pareto_of_sweep"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/sweeps/{sweep}/promotable": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Promotable Of Sweep
         * @description What a promotion would take. 409 where no trial has a result yet.
         */
        get: operations["promotable_of_sweep"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/sweeps/{sweep}/promote": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Promote From Sweep
         * @description Link the best trial's artifact into a registry's collection and point an alias to it (WRITE there).
         *     409 with `fields.artifacts` where its run made none or several, where the alias wants approval first.
         */
        post: operations["promote_from_sweep"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/sweeps/{sweep}/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Retry Trials
         * @description Trials that ended so are tried again; a finished sweep goes on.
         */
        post: operations["retry_trials"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/sweeps/{sweep}/tell": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Tell Trial
         * @description What came of a trial that was asked for.
         */
        post: operations["tell_trial"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/sweeps/{sweep}/trials": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Trials
         * @description In the order in which they were proposed. Earlier results that the search began with have
         *     numbers below 0.
         */
        get: operations["list_trials"];
        put?: never;
        /**
         * Enqueue Trials
         * @description Combinations of one's own choice, to be run by the sweep's agents.
         */
        post: operations["enqueue_trials"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/sweeps/{sweep}/trials/{number}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get Trial */
        get: operations["get_trial"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/sweeps/{sweep}/trials/{number}/complete": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Complete Trial
         * @description The attempt ended. Sending it again changes nothing; 409 where the trial was given to somebody
         *     else meanwhile. Where `values` is null they are taken from the trial's run.
         */
        post: operations["complete_trial"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/sweeps/{sweep}/trials/{number}/report": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Report Trial
         * @description Intermediate values of the first objective. Runs that log it need not: the server reads it there.
         */
        post: operations["report_trial"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/sweeps/{sweep}/trials/{number}/stop": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Stop Trial
         * @description Ask a running trial to stop; its agent hears of it with its next beat.
         */
        post: operations["stop_trial"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{entity}/{project}/views": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Views
         * @description The caller's own and the shared ones.
         */
        get: operations["list_views"];
        put?: never;
        /**
         * Create View
         * @description Save a view: of one's own, or (with WRITE on the entity) shared.
         */
        post: operations["create_view"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/session": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Sign In
         * @description Sign a browser in with an API key: sets the session cookie.
         */
        post: operations["sign_in"];
        /**
         * Sign Out
         * @description End the browser's session; without one nothing happens.
         */
        delete: operations["sign_out"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/session/link": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Make Link
         * @description A link that signs whoever opens it in as the caller, once.
         */
        post: operations["make_link"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/shared-views/{token}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Open Shared View
         * @description The view that a share link shows: the link itself is the authority.
         */
        get: operations["open_shared_view"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sweeps/preview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Preview Sweep
         * @description Check a configuration and say what the first trials would be; nothing is kept. 400 with every
         *     problem by key in `fields.problems`.
         */
        post: operations["preview_sweep"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/trash/projects": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Trashed Projects
         * @description Projects in an entity's trash.
         */
        get: operations["list_trashed_projects"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/trash/projects/{project_id}/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Restore Project
         * @description Out of the trash, with its runs.
         */
        post: operations["restore_project"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/views/{view_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get View */
        get: operations["get_view"];
        /**
         * Update View
         * @description Save over a view; 409 where somebody saved it meanwhile.
         */
        put: operations["update_view"];
        post?: never;
        /** Delete View */
        delete: operations["delete_view"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** Agent */
        Agent: {
            /** Created At */
            created_at: number;
            /** Heartbeat At */
            heartbeat_at: number;
            /** Host */
            host: string;
            /** Id */
            id: string;
            /**
             * Kind
             * @enum {string}
             */
            kind: "native" | "wandb" | "ask";
            /** Name */
            name: string;
            /**
             * Shut Until
             * @description Its host is handed nothing until then, since trials keep failing on it.
             */
            shut_until: number | null;
            /**
             * State
             * @enum {string}
             */
            state: "running" | "lost" | "ended";
            /** Trials */
            trials: number;
            /** Username */
            username: string;
        };
        /** Agents */
        Agents: {
            /** Agents */
            agents: components["schemas"]["Agent"][];
        };
        /** AgentWanted */
        AgentWanted: {
            /** Host */
            host: string;
            /**
             * Name
             * @default
             */
            name: string;
        };
        /** Alert */
        Alert: {
            /** At */
            at: number;
            /** Entity */
            entity: string;
            /**
             * Level
             * @enum {string}
             */
            level: "INFO" | "WARN" | "ERROR";
            /** Project */
            project: string;
            /** Run */
            run: string;
            /** Text */
            text: string;
            /** Title */
            title: string;
        };
        /** Alerts */
        Alerts: {
            /**
             * Alerts
             * @description Newest first.
             */
            alerts: components["schemas"]["Alert"][];
        };
        /** AliasChange */
        AliasChange: {
            /**
             * Add
             * @default []
             */
            add: string[];
            /**
             * Reason
             * @default
             */
            reason: string;
            /**
             * Remove
             * @default []
             */
            remove: string[];
        };
        /** AliasMove */
        AliasMove: {
            /**
             * Act
             * @enum {string}
             */
            act: "set" | "remove" | "promote" | "rollback" | "delete" | "restore";
            /** Alias */
            alias: string;
            /** At */
            at: number;
            /** By */
            by: string;
            /** Digest */
            digest: string;
            /** Evidence */
            evidence: {
                [key: string]: unknown;
            };
            /** From Id */
            from_id: number | null;
            /**
             * From Version
             * @description `v3`, or empty.
             */
            from_version: string;
            /** Id */
            id: number;
            /** Reason */
            reason: string;
            /** To Id */
            to_id: number | null;
            /** To Version */
            to_version: string;
        };
        /** AliasMoves */
        AliasMoves: {
            /** Moves */
            moves: components["schemas"]["AliasMove"][];
            /**
             * Next
             * @default
             */
            next: string;
            /**
             * Total
             * @description How many there are, where it was asked for.
             */
            total?: number | null;
        };
        /** Approval */
        Approval: {
            /** Alias */
            alias: string;
            /** Asked By */
            asked_by: string;
            /** At */
            at: number;
            /** Closed At */
            closed_at: number | null;
            /**
             * Evidence
             * @description What speaks for it; kept with the alias's move.
             */
            evidence: {
                [key: string]: unknown;
            };
            /** Id */
            id: number;
            /** Needed */
            needed: number;
            /** Reason */
            reason: string;
            /** Sha256 */
            sha256: string;
            /**
             * State
             * @enum {string}
             */
            state: "open" | "done" | "rejected";
            /**
             * Version
             * @description `v3` in the collection; empty where it is not there any more.
             */
            version: string;
            /** Version Id */
            version_id: number;
            /** Votes */
            votes: components["schemas"]["ApprovalVote"][];
        };
        /** ApprovalDecision */
        ApprovalDecision: {
            /** Approves */
            approves: boolean;
            /**
             * Comment
             * @default
             */
            comment: string;
            /**
             * Sha256
             * @description Of the content you looked at: nothing moves if it is another.
             * @default
             */
            sha256: string;
        };
        /** Approvals */
        Approvals: {
            /** Approvals */
            approvals: components["schemas"]["Approval"][];
            /**
             * Next
             * @default
             */
            next: string;
        };
        /** ApprovalVote */
        ApprovalVote: {
            /** Approves */
            approves: boolean;
            /** At */
            at: number;
            /** By */
            by: string;
            /** Comment */
            comment: string;
        };
        /** ApprovalWanted */
        ApprovalWanted: {
            /** Alias */
            alias: string;
            /**
             * Evidence
             * @description Why, for those who decide: a gate's or an evaluation's result, say. Of a sweep the server makes it itself: `POST …/sweeps/{sweep}/approvals`.
             * @default {}
             */
            evidence: {
                [key: string]: unknown;
            };
            /**
             * Force
             * @default false
             */
            force: boolean;
            /** Reason */
            reason: string;
            /** Version */
            version: string;
        };
        /** ArtifactAlias */
        ArtifactAlias: {
            /** Alias */
            alias: string;
            /** Reason */
            reason: string;
            /** Set At */
            set_at: number;
            /** Set By */
            set_by: string;
        };
        /** ArtifactChange */
        ArtifactChange: {
            /** Description */
            description?: string | null;
            /** Facts */
            facts?: {
                [key: string]: unknown;
            } | null;
            /**
             * Inherit Ttl
             * @default false
             */
            inherit_ttl: boolean;
            /** Metadata */
            metadata?: {
                [key: string]: unknown;
            } | null;
            /** Tags */
            tags?: string[] | null;
            /**
             * Ttl Seconds
             * @description Positive seconds, or -2 for never.
             */
            ttl_seconds?: number | null;
        };
        /**
         * ArtifactCreated
         * @description existed: the collection holds that content already; nothing is left to do.
         */
        ArtifactCreated: {
            artifact: components["schemas"]["ArtifactVersion"];
            /** Existed */
            existed: boolean;
        };
        /**
         * ArtifactDiff
         * @description Counts and bytes are of all files below the prefix that differ.
         */
        ArtifactDiff: {
            /** Added */
            added: number;
            /** Changed */
            changed: number;
            /**
             * Changes
             * @description The first ones by path; `truncated` if there are more.
             */
            changes: components["schemas"]["FileChange"][];
            /**
             * Folders
             * @description With a delimiter; they come before `changes`.
             * @default []
             */
            folders: components["schemas"]["FolderChange"][];
            new: components["schemas"]["ArtifactVersion"];
            /** New Bytes */
            new_bytes: number;
            /**
             * Next
             * @description With a delimiter: `after` of the next page.
             * @default
             */
            next: string;
            old: components["schemas"]["ArtifactVersion"];
            /** Old Bytes */
            old_bytes: number;
            /** Removed */
            removed: number;
            /** Truncated */
            truncated: boolean;
        };
        /**
         * ArtifactFiles
         * @description A page may hold fewer than `limit`, even none, while there is more: `next` tells.
         */
        ArtifactFiles: {
            /** @description With a delimiter: all paths that begin with the prefix. */
            below?: components["schemas"]["Below"] | null;
            /** Files */
            files: components["schemas"]["FileEntry"][];
            /**
             * Folders
             * @description With a delimiter; they come before the files.
             * @default []
             */
            folders: components["schemas"]["FolderEntry"][];
            /**
             * Next
             * @default
             */
            next: string;
            /**
             * Searched
             * @description Of a search: how many files were looked at for this page.
             */
            searched?: number | null;
        };
        /** ArtifactImpact */
        ArtifactImpact: {
            /**
             * Certain
             * @description The versions say which rows they hold.
             */
            certain: boolean;
            graph: components["schemas"]["LineageGraph"];
            /**
             * Versions
             * @description Those that hold the row, or may.
             */
            versions: components["schemas"]["LineageNode"][];
        };
        /** ArtifactPaths */
        ArtifactPaths: {
            /**
             * Paths
             * @description Files of the version, each once.
             */
            paths: string[];
        };
        /** ArtifactType */
        ArtifactType: {
            /** Collection Count */
            collection_count: number;
            /** Created At */
            created_at: number;
            /** Description */
            description: string;
            /** Name */
            name: string;
        };
        /** ArtifactTypes */
        ArtifactTypes: {
            /** Types */
            types: components["schemas"]["ArtifactType"][];
        };
        /** ArtifactTypeWanted */
        ArtifactTypeWanted: {
            /** Description */
            description?: string | null;
        };
        /**
         * ArtifactVersion
         * @description A version. `name` and `aliases` are those in the collection it was asked for through
         *     (`in`: ENTITY/PROJECT/COLLECTION); `source` is where it was made.
         */
        ArtifactVersion: {
            /** Aliases */
            aliases: components["schemas"]["ArtifactAlias"][];
            /** Base Id */
            base_id: number | null;
            /** Client Id */
            client_id: string;
            /**
             * Collection
             * @description The collection it was asked for through.
             */
            collection: string;
            /** Committed At */
            committed_at: number | null;
            /** Created At */
            created_at: number;
            /** Created By */
            created_by: string;
            /**
             * Deleted At
             * @description When it went to the trash.
             */
            deleted_at?: number | null;
            /** Description */
            description: string;
            /** Digest */
            digest: string;
            /** Digest Algorithm */
            digest_algorithm: string;
            /** Expires At */
            expires_at: number | null;
            /** Facts */
            facts: {
                [key: string]: unknown;
            };
            /** File Count */
            file_count: number;
            /** History Step */
            history_step: number | null;
            /** Id */
            id: number;
            /** Metadata */
            metadata: {
                [key: string]: unknown;
            };
            /** Name */
            name: string;
            /**
             * Run
             * @description ENTITY/PROJECT/RUN that made it, or empty.
             */
            run: string;
            /** Sha256 */
            sha256: string;
            /** Size */
            size: number;
            /**
             * Source
             * @description ENTITY/PROJECT/NAME:vN where it was made.
             */
            source: string;
            /**
             * State
             * @enum {string}
             */
            state: "pending" | "committed" | "deleted";
            /** Tags */
            tags: string[];
            /** Ttl Seconds */
            ttl_seconds: number | null;
            /** Type */
            type: string;
            /** Updated At */
            updated_at: number;
            /**
             * Version
             * @description `v3`, or empty while pending.
             */
            version: string;
            /**
             * Within
             * @description ENTITY/PROJECT of that collection.
             */
            within: string;
        };
        /** ArtifactVersions */
        ArtifactVersions: {
            /**
             * Next
             * @default
             */
            next: string;
            /**
             * Skip
             * @description How many come before the first, where `skip` or `at` asked for it.
             * @default 0
             */
            skip: number;
            /**
             * Total
             * @description How many there are, where `count` asked for it.
             */
            total?: number | null;
            /** Versions */
            versions: components["schemas"]["ArtifactVersion"][];
        };
        /** ArtifactWanted */
        ArtifactWanted: {
            /**
             * Aliases
             * @default []
             */
            aliases: string[];
            /**
             * Base
             * @description The version incremental entries are laid over, as NAME:ALIAS or @ID.
             * @default
             */
            base: string;
            /**
             * Client Id
             * @default
             */
            client_id: string;
            /**
             * Dedupe
             * @default true
             */
            dedupe: boolean;
            /**
             * Description
             * @default
             */
            description: string;
            /**
             * Digest
             * @default
             */
            digest: string;
            /**
             * Digest Algorithm
             * @default manifest-md5
             */
            digest_algorithm: string;
            /**
             * Distributed Id
             * @description Several processes that name one add to one version.
             * @default
             */
            distributed_id: string;
            /**
             * Facts
             * @default {}
             */
            facts: {
                [key: string]: unknown;
            };
            /** History Step */
            history_step?: number | null;
            /**
             * Metadata
             * @default {}
             */
            metadata: {
                [key: string]: unknown;
            };
            /** Name */
            name: string;
            /**
             * Run
             * @description The run of this project that makes it.
             * @default
             */
            run: string;
            /**
             * Sha256
             * @description Of the manifest, if known.
             * @default
             */
            sha256: string | "";
            /**
             * Tags
             * @default []
             */
            tags: string[];
            /**
             * Ttl Seconds
             * @description Positive seconds; -2: never; null: as the collection.
             */
            ttl_seconds?: number | null;
            /** Type */
            type: string;
        };
        /** AuditRow */
        AuditRow: {
            /** Action */
            action: string;
            /** At */
            at: number;
            /** By */
            by: string;
            /** Detail */
            detail: {
                [key: string]: unknown;
            };
            /** Hash */
            hash: string;
            /** Previous */
            previous: string;
            /** Seq */
            seq: number;
            /** Subject */
            subject: string;
        };
        /** AuditRows */
        AuditRows: {
            /**
             * Next
             * @default
             */
            next: string;
            /** Rows */
            rows: components["schemas"]["AuditRow"][];
        };
        /** AuditVerdict */
        AuditVerdict: {
            /**
             * Head
             * @description The hash of the last row: keep it, and have it looked for later.
             */
            head: string;
            /** Ok */
            ok: boolean;
            /** Problem */
            problem: string;
            /** Rows */
            rows: number;
            /** Seq */
            seq: number | null;
        };
        /** Beat */
        Beat: {
            /**
             * Lost
             * @description These are no longer this agent's: end them, report nothing.
             */
            lost: number[];
            /**
             * State
             * @enum {string}
             */
            state: "pending" | "running" | "paused" | "finished" | "cancelled";
            /**
             * Stop
             * @description End these now.
             */
            stop: components["schemas"]["Stop"][];
        };
        /** BeatWanted */
        BeatWanted: {
            /** Trials */
            trials?: components["schemas"]["Held"][];
        };
        /** Below */
        Below: {
            /** Bytes */
            bytes: number;
            /** Files */
            files: number;
        };
        /** Best */
        Best: {
            /** Combinations */
            combinations: components["schemas"]["Combination"][];
            /** Objectives */
            objectives: components["schemas"]["Objective"][];
            /** Robust */
            robust: boolean;
        };
        /** Blob */
        Blob: {
            /** Md5 */
            md5: string;
            /** Sha256 */
            sha256: string;
            /** Size */
            size: number;
        };
        /** BlobsAsked */
        BlobsAsked: {
            /**
             * Md5
             * @default []
             */
            md5: string[];
            /**
             * Sha256
             * @default []
             */
            sha256: string[];
        };
        /**
         * BlobsFound
         * @description By the digest asked for: those need not be sent.
         */
        BlobsFound: {
            /** Found */
            found: {
                [key: string]: components["schemas"]["Blob"];
            };
        };
        /** BlobsKept */
        BlobsKept: {
            /** Blobs */
            blobs: components["schemas"]["Blob"][];
        };
        /** Chart */
        Chart: {
            /** Created At */
            created_at: number;
            /** Display Name */
            display_name: string;
            /** Entity */
            entity: string;
            /**
             * Kind
             * @description Of the spec: vega2.
             */
            kind: string;
            /** Name */
            name: string;
            /** Owner */
            owner: string;
            /** Public */
            public: boolean;
            /**
             * Spec
             * @description JSON text, as it was saved.
             */
            spec: string;
            /** Updated At */
            updated_at: number;
        };
        /** Charts */
        Charts: {
            /** Charts */
            charts: components["schemas"]["Chart"][];
        };
        /** Claim */
        Claim: {
            /**
             * Done
             * @description No more will come: the agent may end.
             */
            done: boolean;
            /**
             * State
             * @enum {string}
             */
            state: "pending" | "running" | "paused" | "finished" | "cancelled";
            /** Trials */
            trials: components["schemas"]["Trial"][];
            /**
             * Wait Seconds
             * @description When to ask again, where there were fewer than asked for.
             */
            wait_seconds: number;
            /** Why */
            why: string;
        };
        /** ClaimWanted */
        ClaimWanted: {
            /**
             * Count
             * @default 1
             */
            count: number;
            /**
             * Lease Seconds
             * @default 60
             */
            lease_seconds: number;
        };
        /** Collected */
        Collected: {
            /** Blobs */
            blobs: number;
            /** Bytes */
            bytes: number;
            /**
             * Digests
             * @description The first thousand: {sha256, size}.
             */
            digests: {
                [key: string]: unknown;
            }[];
            /** Dry Run */
            dry_run: boolean;
            /** Packs Rewritten */
            packs_rewritten: number;
            /** Parts */
            parts: number;
            /**
             * Strays
             * @description Objects that nothing ever referred to, as a crash leaves them.
             */
            strays: number;
            /** Uploads */
            uploads: number;
            /** Versions */
            versions: number;
        };
        /** Collection */
        Collection: {
            /**
             * Bytes
             * @description Of its versions, each counted in full; where the trash was asked for.
             */
            bytes?: number | null;
            /** Created At */
            created_at: number;
            /** Created By */
            created_by: string;
            /** Deleted At */
            deleted_at: number | null;
            /**
             * Deleted By
             * @default
             */
            deleted_by: string;
            /** Description */
            description: string;
            /** Entity */
            entity: string;
            /** Id */
            id: number;
            /**
             * Kind
             * @enum {string}
             */
            kind: "sequence" | "portfolio";
            /** Metadata */
            metadata: {
                [key: string]: unknown;
            };
            /** Name */
            name: string;
            /** Project */
            project: string;
            /**
             * Purge At
             * @description When it is gone for good, of one in the trash.
             */
            purge_at?: number | null;
            /** Retention */
            retention: {
                [key: string]: unknown;
            };
            /** Tags */
            tags: string[];
            /** Ttl Seconds */
            ttl_seconds: number | null;
            /** Type */
            type: string;
            /** Updated At */
            updated_at: number;
            /** Version Count */
            version_count: number;
        };
        /** CollectionChange */
        CollectionChange: {
            /** Description */
            description?: string | null;
            /** Metadata */
            metadata?: {
                [key: string]: unknown;
            } | null;
            /** Name */
            name?: string | null;
            /**
             * Retention
             * @description {"last": 1, "best": 3, "metric": "accuracy", "goal": "max"}; {}: all stay.
             */
            retention?: {
                [key: string]: unknown;
            } | null;
            /** Tags */
            tags?: string[] | null;
            /**
             * Ttl Seconds
             * @description Of versions that inherit; -2: they stay.
             */
            ttl_seconds?: number | null;
            /** Type */
            type?: string | null;
        };
        /** CollectionGoing */
        CollectionGoing: {
            /** Bytes */
            bytes: number;
            /** Name */
            name: string;
            /**
             * Rule From
             * @description collection, type, project, entity type, entity, or query.
             */
            rule_from: string;
            /** Type */
            type: string;
            /** Versions */
            versions: number;
        };
        /**
         * CollectionRestored
         * @description Which: by its `id`, or by `name` where one of that name is in the trash.
         */
        CollectionRestored: {
            /** Id */
            id?: number | null;
            /**
             * Name
             * @default
             */
            name: string;
            /**
             * New Name
             * @description Where its name was taken meanwhile.
             * @default
             */
            new_name: string;
        };
        /** CollectionRule */
        CollectionRule: {
            /** Name */
            name: string;
            /** Rule */
            rule: {
                [key: string]: unknown;
            };
            /** Type */
            type: string;
        };
        /** Collections */
        Collections: {
            /** Collections */
            collections: components["schemas"]["Collection"][];
            /**
             * Next
             * @default
             */
            next: string;
            /**
             * Total
             * @description How many there are, where `count` asked for it.
             */
            total?: number | null;
        };
        /** CollectionUse */
        CollectionUse: {
            /**
             * Alone Bytes
             * @description Of these, what no other collection of the project holds.
             */
            alone_bytes: number;
            /**
             * Deleted
             * @description In the trash itself.
             */
            deleted: boolean;
            /**
             * Logical Bytes
             * @description Each version counted in full.
             */
            logical_bytes: number;
            /** Name */
            name: string;
            /**
             * Stored Bytes
             * @description Each blob once, those of the trash too.
             */
            stored_bytes: number;
            /** Trash Logical Bytes */
            trash_logical_bytes: number;
            /** Trash Versions */
            trash_versions: number;
            /** Type */
            type: string;
            /** Versions */
            versions: number;
        };
        /** CollectionWanted */
        CollectionWanted: {
            /**
             * Description
             * @default
             */
            description: string;
            /**
             * Kind
             * @default sequence
             * @enum {string}
             */
            kind: "sequence" | "portfolio";
            /** Name */
            name: string;
            /** Type */
            type: string;
        };
        /** CollectWanted */
        CollectWanted: {
            /**
             * Dry Run
             * @default true
             */
            dry_run: boolean;
            /**
             * Rewrite Packs
             * @description Rewrite packs of which so much is dead.
             * @default 0.5
             */
            rewrite_packs: number;
            /**
             * Spared Seconds
             * @description What came since stays; 0 only while nobody uploads.
             * @default 86400
             */
            spared_seconds: number;
            /**
             * Trash Seconds
             * @description How long the trash is kept.
             * @default 2592000
             */
            trash_seconds: number;
        };
        /** Column */
        Column: {
            /** Kinds */
            kinds: string[];
            /**
             * Path
             * @description `config.lr`, `summary.loss`
             */
            path: string;
            /** Runs */
            runs: number;
        };
        /** Columns */
        Columns: {
            /** Columns */
            columns: components["schemas"]["Column"][];
            /** Next */
            next: string;
        };
        /**
         * Combination
         * @description A combination over its repeats.
         */
        Combination: {
            /** Arguments */
            arguments: {
                [key: string]: unknown;
            };
            /** Best */
            best: (number | ("NaN" | "Infinity" | "-Infinity"))[];
            /**
             * Bound
             * @description The bad end of the mean's 90 % confidence interval; null with one repeat of several.
             */
            bound: (number | ("NaN" | "Infinity" | "-Infinity") | null)[];
            /** Feasible */
            feasible: boolean;
            /** Mean */
            mean: (number | ("NaN" | "Infinity" | "-Infinity"))[];
            /**
             * Number
             * @description Of its first trial.
             */
            number: number;
            /** Params */
            params: {
                [key: string]: unknown;
            };
            /** Runs */
            runs: string[];
            /** Std */
            std: (number | ("NaN" | "Infinity" | "-Infinity") | null)[];
            /** Trials */
            trials: number[];
        };
        /** CompleteWanted */
        CompleteWanted: {
            /** Attempt */
            attempt: number;
            /**
             * Error
             * @default
             */
            error: string;
            /** Exit Code */
            exit_code?: number | null;
            /**
             * Metrics
             * @description Further numbers, for constraints by name.
             */
            metrics?: {
                [key: string]: number | ("NaN" | "Infinity" | "-Infinity");
            };
            /**
             * State
             * @default finished
             * @enum {string}
             */
            state: "finished" | "failed" | "pruned" | "stopped" | "crashed" | "oom";
            /**
             * Values
             * @description One per objective; null: as the run's summary says.
             */
            values?: (number | ("NaN" | "Infinity" | "-Infinity") | null)[] | null;
        };
        /** ConfigHistory */
        ConfigHistory: {
            /**
             * Patches
             * @description Oldest first.
             */
            patches: components["schemas"]["ConfigPatch"][];
        };
        /** ConfigPatch */
        ConfigPatch: {
            /** At */
            at: number;
            /** Set */
            set: [
                string[],
                unknown
            ][];
            /** Unset */
            unset: string[][];
            /** Writer */
            writer: string;
        };
        /** ConsoleLines */
        ConsoleLines: {
            /**
             * Lines
             * @description [number, stream (0 output, 1 error), Unix seconds, text]
             */
            lines: [
                number,
                number,
                number,
                string
            ][];
            /**
             * Total
             * @description How many lines that writer has.
             */
            total: number;
            /**
             * Writer
             * @description Whose lines these are.
             */
            writer: string;
            /** Writers */
            writers: components["schemas"]["ConsoleWriter"][];
        };
        /** ConsoleWriter */
        ConsoleWriter: {
            /** Label */
            label: string;
            /** Lines */
            lines: number;
            /** Writer */
            writer: string;
        };
        /** Count */
        Count: {
            /** Count */
            count: number;
        };
        /**
         * Deletion
         * @description `versions` = `in_trash` + `restored` + `purged`.
         */
        Deletion: {
            /** By */
            by: string;
            /** Bytes */
            bytes: number;
            /** Created At */
            created_at: number;
            /** Ended At */
            ended_at: number | null;
            /** Entity */
            entity: string;
            /** Id */
            id: number;
            /**
             * In Trash
             * @description Of `versions`, those that an undo can bring back.
             */
            in_trash: number;
            /**
             * Kind
             * @enum {string}
             */
            kind: "query" | "retention";
            /** Project */
            project: string;
            /**
             * Purged
             * @description Of `versions`, those whose time in the trash was over.
             */
            purged: number;
            /** Query */
            query: {
                [key: string]: unknown;
            };
            /** Reason */
            reason: string;
            /**
             * Restored
             * @description Of `versions`, those that came back.
             */
            restored: number;
            /**
             * Scanned
             * @description Numbers of versions seen, of about `to_scan`; by an undo: versions.
             */
            scanned: number;
            /**
             * State
             * @enum {string}
             */
            state: "running" | "done" | "cancelled" | "undoing" | "undone";
            /** To Scan */
            to_scan: number;
            /** Undo At */
            undo_at: number | null;
            /** Undo By */
            undo_by: string;
            /** Updated At */
            updated_at: number;
            /**
             * Versions
             * @description That went to the trash.
             */
            versions: number;
        };
        /** Deletions */
        Deletions: {
            /** Deletions */
            deletions: components["schemas"]["Deletion"][];
            /**
             * Next
             * @default
             */
            next: string;
        };
        /**
         * DeletionWanted
         * @description Versions that match all of it, save those under an alias beside `latest`, linked elsewhere, deployed,
         *     or told to stay for ever.
         */
        DeletionWanted: {
            /**
             * Collection
             * @description A name, or a pattern with * and ?.
             * @default
             */
            collection: string;
            /** Created Before */
            created_before?: number | null;
            /**
             * Keep Last
             * @description Of each collection the newest stay.
             * @default 0
             */
            keep_last: number;
            /**
             * Keep Used
             * @description What a run used stays.
             * @default false
             */
            keep_used: boolean;
            /**
             * Metadata
             * @default []
             */
            metadata: components["schemas"]["MetadataCondition"][];
            /**
             * Reason
             * @default
             */
            reason: string;
            /**
             * Tag
             * @default
             */
            tag: string;
            /**
             * Type
             * @default
             */
            type: string;
            /**
             * Unaliased
             * @description Not even `latest` points to it.
             * @default false
             */
            unaliased: boolean;
            /**
             * Versions
             * @description Only these, by their ids.
             * @default []
             */
            versions: number[];
        };
        /** Deployment */
        Deployment: {
            /** Alias */
            alias: string;
            /** By */
            by: string;
            /** Ended At */
            ended_at: number | null;
            /** Entity */
            entity: string;
            /** Id */
            id: number;
            /** Metadata */
            metadata: {
                [key: string]: unknown;
            };
            /** Name */
            name: string;
            /** Sha256 */
            sha256: string;
            /** Site */
            site: string;
            /** Started At */
            started_at: number;
            /** Version Id */
            version_id: number;
        };
        /** Deployments */
        Deployments: {
            /** Deployments */
            deployments: components["schemas"]["Deployment"][];
            /**
             * Next
             * @default
             */
            next: string;
        };
        /**
         * DeploymentWanted
         * @description `artifact` is ENTITY/PROJECT/NAME:ALIAS, or @ID.
         */
        DeploymentWanted: {
            /** Artifact */
            artifact: string;
            /** At */
            at?: number | null;
            /**
             * Metadata
             * @default {}
             */
            metadata: {
                [key: string]: unknown;
            };
            /** Name */
            name: string;
            /** Site */
            site: string;
        };
        /** Difference */
        Difference: {
            /** Baseline */
            baseline: unknown;
            /** Candidate */
            candidate: unknown;
            /** Name */
            name: string;
        };
        /** Entity */
        Entity: {
            /**
             * Kind
             * @enum {string}
             */
            kind: "user" | "team" | "organization";
            /** Name */
            name: string;
            /** Organization */
            organization: string;
            /**
             * Role
             * @description The caller's own; null for an administrator from outside.
             */
            role: ("viewer" | "member" | "admin") | null;
        };
        /** EntityOfMe */
        EntityOfMe: {
            /**
             * Kind
             * @enum {string}
             */
            kind: "user" | "team" | "organization";
            may: components["schemas"]["EntityRights"];
            /** Name */
            name: string;
            /**
             * Role
             * @enum {string}
             */
            role: "viewer" | "member" | "admin";
        };
        /** EntityRetention */
        EntityRetention: {
            /** Policies */
            policies: components["schemas"]["RetentionPolicy"][];
        };
        /** EntityRights */
        EntityRights: {
            /** @description What routes that need `manage` on it would answer. */
            manage: components["schemas"]["Right"];
            /** @description What routes that need `write` on it would answer. */
            write: components["schemas"]["Right"];
        };
        /** EntitySeen */
        EntitySeen: {
            /**
             * Kind
             * @enum {string}
             */
            kind: "user" | "team" | "organization";
            /** @description What the caller may do on it. */
            may: components["schemas"]["EntityRights"];
            /** Name */
            name: string;
            /** Organization */
            organization: string;
            /**
             * Role
             * @description The caller's own; null for an administrator from outside.
             */
            role: ("viewer" | "member" | "admin") | null;
        };
        /** EntityUse */
        EntityUse: {
            /** Blobs */
            blobs: number;
            /** Logical Bytes */
            logical_bytes: number;
            /**
             * Projects
             * @description Those with artifacts, that hold most first.
             */
            projects: components["schemas"]["ProjectUse"][];
            /**
             * Stored Bytes
             * @description Each blob once, whichever projects hold it; the trash counts.
             */
            stored_bytes: number;
            /** Versions */
            versions: number;
        };
        /** EntriesTaken */
        EntriesTaken: {
            /** Taken */
            taken: number;
        };
        /**
         * EntriesWanted
         * @description At most 20,000 at once; of a path that comes again the later one stands.
         */
        EntriesWanted: {
            /**
             * At
             * @description How many entries of the part went before these; 0 begins it anew. Where it is said, the part counts when it is whole, else each call for itself.
             */
            at?: number | null;
            /** Entries */
            entries: components["schemas"]["Entry"][];
            /**
             * Manifest
             * @default full
             * @enum {string}
             */
            manifest: "full" | "patch" | "incremental";
            /**
             * More
             * @description More entries of the part follow; with the last call it is whole.
             * @default false
             */
            more: boolean;
            /**
             * Part
             * @description Of a version made by several: a name of the part that these entries belong to. Sent again when it is whole, it changes nothing.
             * @default
             */
            part: string;
            /**
             * Replace All
             * @description Forget what came before in manifests of this kind.
             * @default false
             */
            replace_all: boolean;
            /**
             * Run
             * @description The run whose part it is.
             * @default
             */
            run: string;
        };
        /** Entry */
        Entry: {
            /**
             * Digest
             * @default
             */
            digest: string;
            /** Extra */
            extra?: {
                [key: string]: unknown;
            } | null;
            /**
             * Md5
             * @default
             */
            md5: string | "";
            /** Path */
            path: string;
            /**
             * Ref
             * @default
             */
            ref: string;
            /**
             * Removed
             * @default false
             */
            removed: boolean;
            /**
             * Sha256
             * @default
             */
            sha256: string | "";
            /**
             * Size
             * @default 0
             */
            size: number;
        };
        /** ErrorAnswer */
        ErrorAnswer: {
            error: components["schemas"]["ErrorBody"];
        };
        /** ErrorBody */
        ErrorBody: {
            /**
             * Code
             * @description Stable and machine-readable.
             */
            code: string;
            /**
             * Fields
             * @description The error's circumstances, by name.
             */
            fields: {
                [key: string]: unknown;
            };
            /**
             * Message
             * @description Names the thing, the value met, the rule and the next step.
             */
            message: string;
            /**
             * Request Id
             * @description Also the header X-Request-Id, and in the server's log.
             */
            request_id: string;
        };
        /** FileChange */
        FileChange: {
            /**
             * Change
             * @enum {string}
             */
            change: "added" | "removed" | "changed";
            new: components["schemas"]["FileEntry"] | null;
            old: components["schemas"]["FileEntry"] | null;
            /** Path */
            path: string;
        };
        /** FileEntry */
        FileEntry: {
            /** Digest */
            digest: string;
            /** Extra */
            extra: {
                [key: string]: unknown;
            } | null;
            /** Md5 */
            md5: string;
            /** Path */
            path: string;
            /** Ref */
            ref: string;
            /** Sha256 */
            sha256: string;
            /** Size */
            size: number;
        };
        /**
         * FolderChange
         * @description Files below a folder that differ, and their bytes in both versions.
         */
        FolderChange: {
            /** Added */
            added: number;
            /** Changed */
            changed: number;
            /** New Bytes */
            new_bytes: number;
            /** Old Bytes */
            old_bytes: number;
            /**
             * Path
             * @description With a slash at its end.
             */
            path: string;
            /** Removed */
            removed: number;
        };
        /**
         * FolderEntry
         * @description files, bytes: of all that lies below it, at any depth.
         */
        FolderEntry: {
            /** Bytes */
            bytes: number;
            /** Files */
            files: number;
            /**
             * Path
             * @description With a slash at its end.
             */
            path: string;
        };
        /** Group */
        Group: {
            /** Count */
            count: number;
            /**
             * Filter
             * @description Finds exactly its runs.
             */
            filter: {
                [key: string]: unknown;
            };
            /** States */
            states: {
                [key: string]: number;
            };
            /** Statistics */
            statistics: {
                [key: string]: components["schemas"]["GroupStatistics"];
            };
            /**
             * Values
             * @description One per key of `by`.
             */
            values: unknown[];
        };
        /** Groups */
        Groups: {
            /** Groups */
            groups: components["schemas"]["Group"][];
        };
        /**
         * GroupStatistics
         * @description Over the runs of the group that hold a number there; exact. std: of the sample.
         */
        GroupStatistics: {
            /** Count */
            count: number;
            /** Max */
            max: number | string | null;
            /** Mean */
            mean: number | string | null;
            /** Min */
            min: number | string | null;
            /** Std */
            std: number | string | null;
        };
        /** GroupsWanted */
        GroupsWanted: {
            /** By */
            by: string[];
            /**
             * Filter
             * @default {}
             */
            filter: {
                [key: string]: unknown;
            };
            /**
             * Limit
             * @default 100
             */
            limit: number;
            /**
             * Search
             * @default
             */
            search: string;
            /**
             * Statistics
             * @default []
             */
            statistics: string[];
        };
        /** Health */
        Health: {
            /** Cpu Seconds */
            cpu_seconds: number;
            /**
             * Database
             * @description sqlite or postgresql
             */
            database: string;
            /**
             * Feeds
             * @description Pages that follow the feed.
             */
            feeds: number;
            /**
             * Jobs
             * @description Seconds since each background job last ran.
             */
            jobs: {
                [key: string]: number;
            };
            /** Live Runs */
            live_runs: number;
            /** Memory Bytes */
            memory_bytes: number;
            /**
             * Queue
             * @description Calls that wait or run, by lane.
             */
            queue: {
                [key: string]: number;
            };
            /** Runs */
            runs: number;
            /** @description null where it lies elsewhere. */
            storage: components["schemas"]["StorageBytes"];
            /** Ui Build */
            ui_build: string;
            /** Uptime Seconds */
            uptime_seconds: number;
            /** Users */
            users: number;
            /** Version */
            version: string;
        };
        /** Held */
        Held: {
            /** Attempt */
            attempt: number;
            /** Number */
            number: number;
        };
        /** HistoryKey */
        HistoryKey: {
            /** Count */
            count: number;
            /** First Step */
            first_step: number;
            /**
             * Kind
             * @enum {string}
             */
            kind: "number" | "integer" | "bool" | "string" | "json";
            /** Last */
            last: unknown;
            /** Last Step */
            last_step: number;
            /** Max */
            max: number | ("NaN" | "Infinity" | "-Infinity") | null;
            /** Min */
            min: number | ("NaN" | "Infinity" | "-Infinity") | null;
            /** Name */
            name: string;
        };
        /** HistoryKeys */
        HistoryKeys: {
            /** Keys */
            keys: components["schemas"]["HistoryKey"][];
            /** Next */
            next: string;
        };
        /** HypervolumeThen */
        HypervolumeThen: {
            /**
             * At
             * @description When that run was made.
             */
            at: number;
            /** Hypervolume */
            hypervolume: number;
            /**
             * Run
             * @description With which it rose to this.
             */
            run: string;
            /**
             * Runs
             * @description How many feasible ones there were by then.
             */
            runs: number;
        };
        /** Importance */
        Importance: {
            /** Objective */
            objective: string;
            /** Parameters */
            parameters: components["schemas"]["ImportanceOf"][];
            /** Trials */
            trials: number;
            /**
             * Why
             * @description Why there is none, in words; empty otherwise.
             */
            why: string;
        };
        /**
         * ImportanceOf
         * @description Shares from 0 to 1, and the uncertainty of each.
         */
        ImportanceOf: {
            /**
             * Correlation
             * @description Rank correlation with the objective; null for unordered values.
             */
            correlation: number | null;
            /**
             * Fanova
             * @description Of the objective's variance, what the parameter explains alone.
             */
            fanova: number;
            /** Fanova Std */
            fanova_std: number;
            /** Name */
            name: string;
            /**
             * Permutation
             * @description Of what shuffling costs a model, the parameter's part.
             */
            permutation: number;
            /** Permutation Std */
            permutation_std: number;
        };
        /** JournalOffset */
        JournalOffset: {
            /**
             * Next Offset
             * @description 0 for a writer never seen.
             */
            next_offset: number;
        };
        /** JournalTaken */
        JournalTaken: {
            /** Entity */
            entity: string;
            /**
             * Next Offset
             * @description Where to go on; everything before it is kept.
             */
            next_offset: number;
            /** Project */
            project: string;
            /** Run */
            run: string;
            /**
             * Stop Requested
             * @description Somebody asked the run to end.
             */
            stop_requested: boolean;
        };
        /** KeyInfo */
        KeyInfo: {
            /** Created At */
            created_at: number;
            /** Expires At */
            expires_at: number | null;
            /**
             * Hint
             * @description The key's last four characters.
             */
            hint: string;
            /** Id */
            id: number;
            /** Last Used At */
            last_used_at: number | null;
            /** Name */
            name: string;
            /** Read Only */
            read_only: boolean;
        };
        /** Keys */
        Keys: {
            /** Keys */
            keys: components["schemas"]["KeyInfo"][];
        };
        /** KeyWanted */
        KeyWanted: {
            /**
             * Expires At
             * @description Unix seconds; null: never.
             */
            expires_at?: number | null;
            /**
             * Name
             * @default
             */
            name: string;
            /**
             * Read Only
             * @description It may see what its owner may, and change nothing.
             * @default false
             */
            read_only: boolean;
        };
        /**
         * Line
         * @description Columns of one line, one entry per bucket, x rising; null is a gap.
         */
        Line: {
            /** Count */
            count: number[];
            /**
             * Exact
             * @description No bucket holds more than one point.
             */
            exact: boolean;
            /** First */
            first: (number | null)[];
            /** Key */
            key: string;
            /** Last */
            last: (number | null)[];
            /** Max */
            max: (number | null)[];
            /** Mean */
            mean: (number | null)[];
            /**
             * Members
             * @description Runs (or ranks) in it.
             */
            members: number;
            /** Min */
            min: (number | null)[];
            /**
             * Run
             * @description Run id, or the group's name.
             */
            run: string;
            /**
             * Std
             * @description Over the members' means.
             */
            std?: (number | null)[] | null;
            /**
             * Total
             * @description Points in the range.
             */
            total: number;
            /** X */
            x: (number | null)[];
            /** X Last */
            x_last: (number | null)[];
        };
        /** LineageEdge */
        LineageEdge: {
            /**
             * Kind
             * @enum {string}
             */
            kind: "tried" | "best" | "used" | "made" | "base" | "linked" | "deployed" | "predicted";
            /**
             * Source
             * @description The node data come from.
             */
            source: string;
            /** Target */
            target: string;
        };
        /** LineageGraph */
        LineageGraph: {
            /** Edges */
            edges: components["schemas"]["LineageEdge"][];
            /** Nodes */
            nodes: components["schemas"]["LineageNode"][];
            /**
             * Truncated
             * @description There is more than the depth or number of nodes asked for.
             */
            truncated: boolean;
        };
        /**
         * LineageNode
         * @description A locked node is one the caller may not see: it says nothing else.
         */
        LineageNode: {
            /** Created At */
            created_at: number;
            /**
             * Depth
             * @description Steps from where the walk began; negative upstream.
             */
            depth: number;
            /** Id */
            id: string;
            /** Key */
            key: string;
            /**
             * Kind
             * @enum {string}
             */
            kind: "sweep" | "run" | "artifact" | "registry" | "deployment" | "prediction";
            /** Label */
            label: string;
            /** Locked */
            locked: boolean;
            /** Name */
            name: string;
            /** Sha256 */
            sha256: string;
            /** State */
            state: string;
            /** Type */
            type: string;
        };
        /** Link */
        Link: {
            /** Expires At */
            expires_at: number;
            /** Token */
            token: string;
            /**
             * Url
             * @description Opens the web page signed in, once.
             */
            url: string;
        };
        /** Me */
        Me: {
            /** Default Entity */
            default_entity: string;
            /** Display Name */
            display_name: string;
            /** Email */
            email: string;
            /**
             * Entities
             * @description The user's own first.
             */
            entities: components["schemas"]["EntityOfMe"][];
            /** Is Admin */
            is_admin: boolean;
            may: components["schemas"]["OwnRights"];
            /**
             * Read Only
             * @description The key, or that which opened the session, may change nothing.
             */
            read_only: boolean;
            server: components["schemas"]["ServerInfo"];
            /** Username */
            username: string;
        };
        /** MeChange */
        MeChange: {
            /** Default Entity */
            default_entity?: string | null;
            /** Display Name */
            display_name?: string | null;
            /** Email */
            email?: string | null;
        };
        /** Media */
        Media: {
            /**
             * Series
             * @description Of the runs and keys that have any.
             */
            series: components["schemas"]["MediaSeries"][];
        };
        /** MediaKey */
        MediaKey: {
            /**
             * Count
             * @description Values logged, over those runs.
             */
            count: number;
            /** First Step */
            first_step: number;
            /** Last Step */
            last_step: number;
            /** Name */
            name: string;
            /**
             * Runs
             * @description Runs that logged it, of those looked at.
             */
            runs: number;
            /**
             * Type
             * @description `_type` of the latest value; `list` for several in a list.
             */
            type: string;
        };
        /** MediaKeys */
        MediaKeys: {
            /** Keys */
            keys: components["schemas"]["MediaKey"][];
            /**
             * Next
             * @description `after` of the next page; "" at the end.
             */
            next: string;
            /**
             * Runs
             * @description Runs that were looked at.
             */
            runs: number;
        };
        /** MediaKeysWanted */
        MediaKeysWanted: {
            /**
             * After
             * @description `next` of the page before.
             * @default
             */
            after: string;
            /**
             * Limit
             * @default 200
             */
            limit: number;
            /**
             * Runs
             * @description Of more than 50 only the first 50 are looked at.
             */
            runs: string[];
            /**
             * Search
             * @description Text in the key.
             * @default
             */
            search: string;
        };
        /** MediaSeries */
        MediaSeries: {
            /**
             * Count
             * @description Values logged in all.
             */
            count: number;
            /** First Step */
            first_step: number;
            /** Key */
            key: string;
            /** Last Step */
            last_step: number;
            /** Run */
            run: string;
            /** Steps */
            steps: number[];
            /** Values */
            values: components["schemas"]["MediaValue"][];
        };
        /** MediaValue */
        MediaValue: {
            /**
             * Source
             * @description Run whose files the value names: of a fork it may be the parent.
             */
            source: string;
            /** Step */
            step: number;
            /** Timestamp */
            timestamp: number | string;
            /** Value */
            value: unknown;
        };
        /** MediaWanted */
        MediaWanted: {
            /** Keys */
            keys: string[];
            /**
             * Only Steps
             * @description Leave the values out.
             * @default false
             */
            only_steps: boolean;
            /** Runs */
            runs: string[];
            /**
             * Samples
             * @description Values up to the step, evenly spread, the latest among them.
             * @default 1
             */
            samples: number;
            /**
             * Step
             * @description What stood at this step; null: the latest.
             */
            step?: number | null;
        };
        /** Member */
        Member: {
            /**
             * Role
             * @enum {string}
             */
            role: "viewer" | "member" | "admin";
            /** Username */
            username: string;
        };
        /** Members */
        Members: {
            /** Members */
            members: components["schemas"]["Member"][];
        };
        /** MemberWanted */
        MemberWanted: {
            /**
             * Role
             * @default member
             * @enum {string}
             */
            role: "viewer" | "member" | "admin";
            /** Username */
            username: string;
        };
        /** MetadataCondition */
        MetadataCondition: {
            /**
             * Op
             * @default =
             * @enum {string}
             */
            op: "=" | "!=" | "<" | "<=" | ">" | ">=" | "exists" | "absent";
            /**
             * Path
             * @description Of a value in the metadata: eval.loss.
             */
            path: string;
            /** Value */
            value?: unknown;
        };
        /**
         * MetricDefinition
         * @description How a metric wants to be drawn and summarised; `name` may be a glob.
         */
        MetricDefinition: {
            /** Goal */
            goal?: string | null;
            /**
             * Hidden
             * @default false
             */
            hidden: boolean;
            /** Name */
            name: string;
            /** Step Metric */
            step_metric?: string | null;
            /** Step Sync */
            step_sync?: boolean | null;
            /**
             * Summary
             * @default []
             */
            summary: string[];
        };
        /** MetricDelta */
        MetricDelta: {
            /** Baseline */
            baseline: unknown;
            /** Candidate */
            candidate: unknown;
            /**
             * Delta
             * @description candidate - baseline; null where one of them is missing.
             */
            delta: number | null;
            /** Name */
            name: string;
        };
        /** MoveWanted */
        MoveWanted: {
            /**
             * Entity
             * @default -
             */
            entity: string;
            /** Project */
            project: string;
            /** Runs */
            runs: string[];
        };
        /** NewKey */
        NewKey: {
            /** Created At */
            created_at: number;
            /** Expires At */
            expires_at: number | null;
            /**
             * Hint
             * @description The key's last four characters.
             */
            hint: string;
            /** Id */
            id: number;
            /**
             * Key
             * @description Shown this once.
             */
            key: string;
            /** Last Used At */
            last_used_at: number | null;
            /** Name */
            name: string;
            /** Read Only */
            read_only: boolean;
        };
        /** NewUser */
        NewUser: {
            /**
             * Api Key
             * @description Where one was made; shown this once.
             */
            api_key: string | null;
            /** Created At */
            created_at: number;
            /** Deleted */
            deleted: boolean;
            /** Display Name */
            display_name: string;
            /** Email */
            email: string;
            /** Is Admin */
            is_admin: boolean;
            /** Is Service */
            is_service: boolean;
            /** Username */
            username: string;
        };
        /** NewUserKey */
        NewUserKey: {
            /**
             * Api Key
             * @description The same as `key`.
             */
            api_key: string;
            /** Created At */
            created_at: number;
            /** Expires At */
            expires_at: number | null;
            /** Hint */
            hint: string;
            /** Id */
            id: number;
            /** Key */
            key: string;
            /** Last Used At */
            last_used_at: number | null;
            /** Name */
            name: string;
            /** Read Only */
            read_only: boolean;
        };
        /** Objective */
        Objective: {
            /**
             * Goal
             * @enum {string}
             */
            goal: "minimize" | "maximize";
            /** Name */
            name: string;
            /** Target */
            target?: number | null;
        };
        /** OrganizationWanted */
        OrganizationWanted: {
            /** Name */
            name: string;
            /** Owner */
            owner: string;
        };
        /** OwnRights */
        OwnRights: {
            /** @description What routes that need `server_admin` would answer. */
            admin: components["schemas"]["Right"];
            /** @description Change what is one's own: keys, profile, private views. */
            write: components["schemas"]["Right"];
        };
        /** Pareto */
        Pareto: {
            /** Constraints */
            constraints: string[];
            /** Dominated */
            dominated: number;
            /** Hypervolume */
            hypervolume: number | ("NaN" | "Infinity" | "-Infinity") | null;
            /** Infeasible */
            infeasible: number[];
            /** Objectives */
            objectives: components["schemas"]["Objective"][];
            /** Points */
            points: components["schemas"]["Combination"][];
            /** Reference */
            reference: (number | ("NaN" | "Infinity" | "-Infinity"))[];
        };
        /** ParetoObjective */
        ParetoObjective: {
            /**
             * Goal
             * @default minimize
             * @enum {string}
             */
            goal: "minimize" | "maximize";
            /**
             * Key
             * @description `summary.loss`, `config.lr`, `duration`; a bare name is the summary's.
             */
            key: string;
        };
        /**
         * ParetoWanted
         * @description Of which runs, in what, under which limits.
         */
        ParetoWanted: {
            /**
             * Constraints
             * @description `latency_p95 < 80`; keys as in objectives.
             * @default []
             */
            constraints: string[];
            /**
             * Filter
             * @default {}
             */
            filter: {
                [key: string]: unknown;
            };
            /**
             * Limit
             * @description Points to bring.
             * @default 2000
             */
            limit: number;
            /** Objectives */
            objectives: components["schemas"]["ParetoObjective"][];
            /**
             * Reference
             * @description Per objective; null: the worst value of the runs that keep the limits.
             */
            reference?: number[] | null;
            /**
             * Search
             * @default
             */
            search: string;
        };
        /**
         * PieceAddress
         * @description PUT `size` bytes of the blob, from `offset` on, to `url` with `headers`; no key goes there.
         */
        PieceAddress: {
            /** Headers */
            headers: {
                [key: string]: string;
            };
            /** Offset */
            offset: number;
            /** Size */
            size: number;
            /** Url */
            url: string;
        };
        /** PieceAddresses */
        PieceAddresses: {
            /** Addresses */
            addresses: components["schemas"]["PieceAddress"][];
            /**
             * Seconds
             * @description How long they are good for.
             */
            seconds: number;
        };
        /** PiecesWanted */
        PiecesWanted: {
            /** Offsets */
            offsets: number[];
        };
        /** PolicyWanted */
        PolicyWanted: {
            /**
             * Rule
             * @description `last`, `best` (by `metric`, `of` the run's summary or the metadata, `goal` max or min), `ttl_seconds`, `keep_used`; `{"all": true}` keeps all; {} is no rule.
             */
            rule: {
                [key: string]: unknown;
            };
            /**
             * Type
             * @description Empty: of every type.
             * @default
             */
            type: string;
        };
        /** Prediction */
        Prediction: {
            /** At */
            at: number;
            /** Deployment Id */
            deployment_id: number | null;
            /** Entity */
            entity: string;
            /** Id */
            id: string;
            /** Metadata */
            metadata: {
                [key: string]: unknown;
            };
            /** Version Id */
            version_id: number;
        };
        /**
         * PredictionTrace
         * @description Prediction, model, the run that trained it, its commit, and what it was trained on.
         */
        PredictionTrace: {
            artifact: components["schemas"]["ArtifactVersion"];
            /** Commit */
            commit: string;
            graph: components["schemas"]["LineageGraph"];
            /** Inputs */
            inputs: components["schemas"]["LineageNode"][];
            prediction: components["schemas"]["Prediction"];
            /** Run */
            run: string;
            /**
             * Sweep
             * @description Whose trial the run was.
             */
            sweep: string;
        };
        /** PredictionWanted */
        PredictionWanted: {
            /** At */
            at?: number | null;
            /** Deployment Id */
            deployment_id?: number | null;
            /**
             * Id
             * @default
             */
            id: string;
            /**
             * Metadata
             * @default {}
             */
            metadata: {
                [key: string]: unknown;
            };
            /** Version Id */
            version_id?: number | null;
        };
        /** Preview */
        Preview: {
            /** Config */
            config: {
                [key: string]: unknown;
            };
            /** Expected */
            expected: number | null;
            /** Proposals */
            proposals: components["schemas"]["Proposal"][];
            /** Sampler */
            sampler: string;
        };
        /** PreviewWanted */
        PreviewWanted: {
            /** Config */
            config: {
                [key: string]: unknown;
            };
            /**
             * Count
             * @default 5
             */
            count: number;
        };
        /** Project */
        Project: {
            /** Created At */
            created_at: number;
            /** Description */
            description: string;
            /** Entity */
            entity: string;
            /** Id */
            id: number;
            /** Name */
            name: string;
            /** Run Count */
            run_count: number;
            /** Settings */
            settings: {
                [key: string]: unknown;
            };
            /**
             * Updated At
             * @description The last change of any of its runs.
             */
            updated_at: number;
        };
        /** ProjectChange */
        ProjectChange: {
            /** Description */
            description?: string | null;
            /** Name */
            name?: string | null;
            /** Settings */
            settings?: {
                [key: string]: unknown;
            } | null;
        };
        /** ProjectKey */
        ProjectKey: {
            /** Kind */
            kind: string;
            /** Name */
            name: string;
        };
        /** ProjectKeys */
        ProjectKeys: {
            /** Keys */
            keys: components["schemas"]["ProjectKey"][];
            /** Next */
            next: string;
        };
        /** ProjectRights */
        ProjectRights: {
            /** @description What routes that need `manage` on it would answer. */
            manage: components["schemas"]["Right"];
            /** @description Point its protected aliases to a version, or nowhere, without anybody's approval. */
            move_protected: components["schemas"]["Right"];
            /** @description Point them back to where they were. */
            roll_back_protected: components["schemas"]["Right"];
            /** @description What routes that need `write` on it would answer. */
            write: components["schemas"]["Right"];
        };
        /** Projects */
        Projects: {
            /**
             * Next
             * @description `after` of the next page; '' at the end.
             */
            next: string;
            /**
             * Projects
             * @description By last activity, newest first.
             */
            projects: components["schemas"]["Project"][];
        };
        /**
         * ProjectSeen
         * @description A project, and what the caller may do there.
         */
        ProjectSeen: {
            /** Created At */
            created_at: number;
            /** Description */
            description: string;
            /** Entity */
            entity: string;
            /** Id */
            id: number;
            may: components["schemas"]["ProjectRights"];
            /** Name */
            name: string;
            /**
             * Protected Aliases
             * @description Of a registry; else empty.
             */
            protected_aliases: string[];
            /** Run Count */
            run_count: number;
            /** Settings */
            settings: {
                [key: string]: unknown;
            };
            /**
             * Updated At
             * @description The last change of any of its runs.
             */
            updated_at: number;
        };
        /** ProjectUse */
        ProjectUse: {
            /**
             * Alone Bytes
             * @description Of these, what no other project of the entity holds.
             */
            alone_bytes: number;
            /**
             * Logical Bytes
             * @description Each version counted in full.
             */
            logical_bytes: number;
            /** Name */
            name: string;
            /**
             * Stored Bytes
             * @description Each blob once; the trash counts.
             */
            stored_bytes: number;
            /** Trash Versions */
            trash_versions: number;
            /** Versions */
            versions: number;
        };
        /** ProjectWanted */
        ProjectWanted: {
            /** Description */
            description?: string | null;
        };
        /**
         * Promotable
         * @description The trial that would be promoted, and what its run made.
         */
        Promotable: {
            /**
             * Artifacts
             * @description Those that could be meant.
             */
            artifacts: components["schemas"]["ArtifactVersion"][];
            /**
             * Evidence
             * @description Kept with the alias's move: sweep, trial, run, rule, rank of how many, objectives with value, mean, std and bound, constraints, params.
             */
            evidence: {
                [key: string]: unknown;
            };
            /** Feasible */
            feasible: boolean;
            /**
             * Problem
             * @description Why none of them can be taken without more being said; empty: it can.
             */
            problem: string;
            /**
             * Rank
             * @description Its combination's place in the ranking, from 1.
             */
            rank: number;
            /**
             * Rule
             * @description By which ranking the trial was found; chosen: it was named.
             * @enum {string}
             */
            rule: "robust" | "single" | "chosen";
            /** Run */
            run: string;
            /** Trial */
            trial: number;
        };
        /** PromotionWanted */
        PromotionWanted: {
            /** Alias */
            alias: string;
            /**
             * Evidence
             * @default {}
             */
            evidence: {
                [key: string]: unknown;
            };
            /**
             * Force
             * @default false
             */
            force: boolean;
            /** Reason */
            reason: string;
            /**
             * Version
             * @description `v3`, another alias, or the beginning of a digest.
             */
            version: string;
        };
        /** Proposal */
        Proposal: {
            /**
             * Arguments
             * @description As the program is handed them.
             */
            arguments: {
                [key: string]: unknown;
            };
            /** Number */
            number: number;
            /**
             * Params
             * @description By dotted name.
             */
            params: {
                [key: string]: unknown;
            };
            /** Reason */
            reason: string;
            /** Sampler */
            sampler: string;
        };
        /** Registry */
        Registry: {
            /** Approvals Needed */
            approvals_needed: number;
            /**
             * Artifact Types
             * @description Those it takes; none named: any.
             */
            artifact_types: string[];
            /** Created At */
            created_at: number;
            /** Created By */
            created_by: string;
            /**
             * Default Role
             * @enum {string}
             */
            default_role: "restricted_viewer" | "viewer" | "member" | "admin";
            /** Description */
            description: string;
            /** @description What the caller may do there. */
            may: components["schemas"]["ProjectRights"];
            /** Name */
            name: string;
            /** Organization */
            organization: string;
            /**
             * Project
             * @description The project it is: `wandb-registry-NAME`, of the organisation.
             */
            project: string;
            /** Protected Aliases */
            protected_aliases: string[];
            /** Updated At */
            updated_at: number;
            /**
             * Visibility
             * @enum {string}
             */
            visibility: "organization" | "restricted";
        };
        /** RegistryChange */
        RegistryChange: {
            /** Approvals Needed */
            approvals_needed?: number | null;
            /** Artifact Types */
            artifact_types?: string[] | null;
            /** Default Role */
            default_role?: ("restricted_viewer" | "viewer" | "member" | "admin") | null;
            /** Description */
            description?: string | null;
            /** Protected Aliases */
            protected_aliases?: string[] | null;
            /** Visibility */
            visibility?: ("organization" | "restricted") | null;
        };
        /** RegistryList */
        RegistryList: {
            /** Registries */
            registries: components["schemas"]["Registry"][];
        };
        /** RegistryMember */
        RegistryMember: {
            /** Kind */
            kind: string;
            /** Name */
            name: string;
            /**
             * Role
             * @enum {string}
             */
            role: "restricted_viewer" | "viewer" | "member" | "admin";
        };
        /** RegistryMembers */
        RegistryMembers: {
            /** Members */
            members: components["schemas"]["RegistryMember"][];
        };
        /** RegistryRoleWanted */
        RegistryRoleWanted: {
            /**
             * Role
             * @enum {string}
             */
            role: "restricted_viewer" | "viewer" | "member" | "admin";
        };
        /** RegistryWanted */
        RegistryWanted: {
            /**
             * Approvals Needed
             * @default 0
             */
            approvals_needed: number;
            /**
             * Artifact Types
             * @default []
             */
            artifact_types: string[];
            /**
             * Default Role
             * @default member
             * @enum {string}
             */
            default_role: "restricted_viewer" | "viewer" | "member" | "admin";
            /**
             * Description
             * @default
             */
            description: string;
            /** Name */
            name: string;
            /**
             * Protected Aliases
             * @default [
             *       "production"
             *     ]
             */
            protected_aliases: string[];
            /**
             * Visibility
             * @default organization
             * @enum {string}
             */
            visibility: "organization" | "restricted";
        };
        /** Reported */
        Reported: {
            /**
             * Stop
             * @description Why the trial should stop now; empty where it goes on.
             */
            stop: string;
        };
        /** ReportWanted */
        ReportWanted: {
            /** Attempt */
            attempt: number;
            /**
             * Points
             * @description [step, value], values of the first objective.
             */
            points: (number | ("NaN" | "Infinity" | "-Infinity"))[][];
        };
        /** RestoreWanted */
        RestoreWanted: {
            /**
             * Name
             * @description Another name, where the old one is taken again.
             */
            name?: string | null;
        };
        /**
         * RetentionLook
         * @description Without `rule`: by the policies as they are.
         */
        RetentionLook: {
            /**
             * Collection
             * @default
             */
            collection: string;
            /**
             * Rule
             * @description As if this were the policy. `last`, `best` (by `metric`, `of` the run's summary or the metadata, `goal` max or min), `ttl_seconds`, `keep_used`; `{"all": true}` keeps all; {} is no rule.
             */
            rule?: {
                [key: string]: unknown;
            } | null;
            /**
             * Shown
             * @default 100
             */
            shown: number;
            /**
             * Type
             * @default
             */
            type: string;
        };
        /**
         * RetentionPolicies
         * @description Of a collection holds its own rule; else that of its type in the project, the project's, that of its
         *     type in the entity, the entity's.
         */
        RetentionPolicies: {
            /** Collections */
            collections: components["schemas"]["CollectionRule"][];
            /** Entity */
            entity: components["schemas"]["RetentionPolicy"][];
            /** Project */
            project: components["schemas"]["RetentionPolicy"][];
        };
        /** RetentionPolicy */
        RetentionPolicy: {
            /** By */
            by: string;
            /**
             * Rule
             * @description `last`, `best` (by `metric`, `of` the run's summary or the metadata, `goal` max or min), `ttl_seconds`, `keep_used`; `{"all": true}` keeps all; {} is no rule.
             */
            rule: {
                [key: string]: unknown;
            };
            /**
             * Type
             * @description Empty: every type.
             */
            type: string;
            /** Updated At */
            updated_at: number;
        };
        /** RetentionPreview */
        RetentionPreview: {
            /**
             * Bytes
             * @description Each version counted in full.
             */
            bytes: number;
            /** Collections */
            collections: components["schemas"]["CollectionGoing"][];
            /**
             * Freed Bytes
             * @description What garbage collection would give back once they have left the trash.
             */
            freed_bytes: number;
            /** Shown */
            shown: components["schemas"]["ShownVersion"][];
            /** Versions */
            versions: number;
        };
        /** RetryWanted */
        RetryWanted: {
            /**
             * States
             * @default [
             *       "failed",
             *       "crashed",
             *       "oom"
             *     ]
             */
            states: ("failed" | "crashed" | "oom" | "pruned" | "stopped")[];
        };
        /** Right */
        Right: {
            /** Allowed */
            allowed: boolean;
            /**
             * Reason
             * @description What the refusal would say; empty where there would be none.
             */
            reason: string;
        };
        /** RoleWanted */
        RoleWanted: {
            /**
             * Role
             * @enum {string}
             */
            role: "viewer" | "member" | "admin";
        };
        /** RollbackWanted */
        RollbackWanted: {
            /** Alias */
            alias: string;
            /** Reason */
            reason: string;
        };
        /** Row */
        Row: {
            /** Runtime */
            _runtime: number | string;
            /** Step */
            _step: number;
            /** Timestamp */
            _timestamp: number | string;
        } & {
            [key: string]: unknown;
        };
        /** Rows */
        Rows: {
            /**
             * Next Step
             * @description `min_step` of the next page; null at the end.
             */
            next_step: number | null;
            /**
             * Rows
             * @description By rising step; each also holds its keys' values.
             */
            rows: components["schemas"]["Row"][];
        };
        /** Run */
        Run: {
            /**
             * Colour
             * @description Slot in the palette, given once per project.
             */
            colour: number;
            /** Command */
            command: string[];
            /**
             * Config
             * @description NaN and the infinities are strings: "NaN", "Infinity".
             */
            config: {
                [key: string]: unknown;
            };
            /** Created At */
            created_at: number;
            /** Deleted At */
            deleted_at: number | null;
            /** Display Name */
            display_name: string;
            /**
             * Duration
             * @description Seconds from the start to the end; to now while it runs.
             */
            duration: number | null;
            /** Entity */
            entity: string;
            /**
             * Environment
             * @description Of one run only, not in lists.
             */
            environment?: {
                [key: string]: unknown;
            } | null;
            /** Exit Code */
            exit_code: number | null;
            /** Finished At */
            finished_at: number | null;
            /** Fork Of */
            fork_of: string;
            /** Fork Step */
            fork_step: number | null;
            /** Group */
            group: string;
            /** Heartbeat At */
            heartbeat_at: number | null;
            /** Host */
            host: string;
            /** Id */
            id: string;
            /** Job Type */
            job_type: string;
            /**
             * Metrics
             * @description Of one run only, not in lists.
             */
            metrics?: components["schemas"]["MetricDefinition"][] | null;
            /** Notes */
            notes: string;
            /** Program */
            program: string;
            /** Project */
            project: string;
            /**
             * Ranks
             * @description > 0: that many labelled writers log this run together.
             */
            ranks: number;
            /** Started At */
            started_at: number | null;
            /**
             * State
             * @enum {string}
             */
            state: "pending" | "running" | "finished" | "failed" | "crashed" | "killed" | "preempting" | "preempted";
            /** Stop Requested */
            stop_requested: boolean;
            /**
             * Summary
             * @description As config; derived from rows, explicit values win.
             */
            summary: {
                [key: string]: unknown;
            };
            /** Sweep */
            sweep: string;
            /** Tags */
            tags: string[];
            /** Updated At */
            updated_at: number;
            /** Username */
            username: string;
            /**
             * Version
             * @description Rises with each change.
             */
            version: number;
            /**
             * Wire
             * @description What a foreign client keeps of its own beside the run, whole: how its charts are to be drawn, the names of classes. Of one run only, not in lists.
             */
            wire?: {
                [key: string]: unknown;
            } | null;
        };
        /** RunArtifact */
        RunArtifact: {
            artifact: components["schemas"]["ArtifactVersion"];
            /** At */
            at: number;
            /**
             * Role
             * @enum {string}
             */
            role: "input" | "output";
            /** Used As */
            used_as: string;
        };
        /** RunArtifacts */
        RunArtifacts: {
            /** Artifacts */
            artifacts: components["schemas"]["RunArtifact"][];
            /**
             * Next
             * @default
             */
            next: string;
        };
        /**
         * RunFields
         * @description Fields to set; what is left out stays.
         */
        RunFields: {
            /** Command */
            command?: string[] | null;
            /**
             * Config
             * @description Replaces the whole.
             */
            config?: {
                [key: string]: unknown;
            } | null;
            /**
             * Config Set
             * @default []
             */
            config_set: [
                string[],
                unknown
            ][];
            /**
             * Config Unset
             * @default []
             */
            config_unset: string[][];
            /** Display Name */
            display_name?: string | null;
            /**
             * Environment
             * @description Top-level keys replace.
             */
            environment?: {
                [key: string]: unknown;
            } | null;
            /** Exit Code */
            exit_code?: number | null;
            /** Group */
            group?: string | null;
            /** Host */
            host?: string | null;
            /** Job Type */
            job_type?: string | null;
            /** Notes */
            notes?: string | null;
            /** Program */
            program?: string | null;
            /** Started At */
            started_at?: number | null;
            /** State */
            state?: ("pending" | "running" | "finished" | "failed" | "crashed" | "killed" | "preempting" | "preempted") | null;
            /**
             * Summary
             * @description Replaces the whole.
             */
            summary?: {
                [key: string]: unknown;
            } | null;
            /**
             * Summary Set
             * @default []
             */
            summary_set: [
                string[],
                unknown
            ][];
            /**
             * Summary Unset
             * @default []
             */
            summary_unset: string[][];
            /** Sweep */
            sweep?: string | null;
            /** Tags */
            tags?: string[] | null;
        };
        /** RunFile */
        RunFile: {
            /**
             * Md5
             * @description Hexadecimal.
             */
            md5: string;
            /** Mimetype */
            mimetype: string;
            /**
             * Name
             * @description Slashes make folders.
             */
            name: string;
            /** Sha256 */
            sha256: string;
            /** Size */
            size: number;
            /** Updated At */
            updated_at: number;
        };
        /** RunFiles */
        RunFiles: {
            /**
             * Files
             * @description By name.
             */
            files: components["schemas"]["RunFile"][];
            /** Next */
            next: string;
        };
        /** RunIds */
        RunIds: {
            /** Runs */
            runs: string[];
        };
        /**
         * RunPareto
         * @description total: runs that match; compared: those with a number in every objective.
         */
        RunPareto: {
            /** Compared */
            compared: number;
            /** Constraints */
            constraints: string[];
            /**
             * Curve
             * @description By time, where it rose: at up to 500 times, of three objectives at up to 100.
             */
            curve: components["schemas"]["HypervolumeThen"][];
            /** Dominated */
            dominated: number;
            /** Front */
            front: number;
            /** Hypervolume */
            hypervolume: number | null;
            /** Infeasible */
            infeasible: number;
            /** Objectives */
            objectives: components["schemas"]["ParetoObjective"][];
            /**
             * Points
             * @description The front by its first objective, then the youngest of the others.
             */
            points: components["schemas"]["RunParetoPoint"][];
            /** Reference */
            reference: number[];
            /** Total */
            total: number;
        };
        /** RunParetoPoint */
        RunParetoPoint: {
            /**
             * Broken
             * @description Which constraints it breaks, by their place.
             */
            broken: number[];
            /** Colour */
            colour: number;
            /** Created At */
            created_at: number;
            /** Name */
            name: string;
            /**
             * Place
             * @enum {string}
             */
            place: "front" | "dominated" | "infeasible";
            /** Run */
            run: string;
            /**
             * Values
             * @description One per objective.
             */
            values: number[];
        };
        /** RunsFound */
        RunsFound: {
            /**
             * Cursors
             * @description Of each run.
             */
            cursors: string[];
            /**
             * Next Cursor
             * @description "" at the end.
             */
            next_cursor: string;
            /**
             * Runs
             * @description Without environment and metrics.
             */
            runs: components["schemas"]["Run"][];
            /**
             * Total
             * @description Runs that match; exact.
             */
            total: number;
        };
        /**
         * LinkWanted
         * @description Into which collection; it is made if absent, of the version's type.
         */
        runstone__server__doors__rest__models__registry__LinkWanted: {
            /**
             * Aliases
             * @default []
             */
            aliases: string[];
            /** Collection */
            collection: string;
            /**
             * Entity
             * @description Empty: that of the version.
             * @default
             */
            entity: string;
            /**
             * Force
             * @description A model without a traceable past too; needs a reason.
             * @default false
             */
            force: boolean;
            /**
             * Project
             * @default
             */
            project: string;
            /**
             * Reason
             * @default
             */
            reason: string;
        };
        /** LinkWanted */
        runstone__server__doors__rest__models__session__LinkWanted: {
            /**
             * Seconds
             * @default 600
             */
            seconds: number;
        };
        /**
         * RunsWanted
         * @description Which runs, in which order. `filter`: a Mongo-like document over id, name, state, tags,
         *     created_at, …, `config.PATH`, `summary.PATH`.
         */
        RunsWanted: {
            /**
             * Cursor
             * @default
             */
            cursor: string;
            /**
             * Filter
             * @default {}
             */
            filter: {
                [key: string]: unknown;
            };
            /**
             * Limit
             * @default 50
             */
            limit: number;
            /**
             * Order
             * @default [
             *       "-created_at"
             *     ]
             */
            order: string[];
            /**
             * Search
             * @default
             */
            search: string;
            /** Select */
            select?: string[] | null;
            /**
             * Trash
             * @default false
             */
            trash: boolean;
        };
        /** Series */
        Series: {
            /**
             * Exact
             * @description Every line is.
             */
            exact: boolean;
            /** Lines */
            lines: components["schemas"]["Line"][];
            /**
             * No Data X
             * @description Keys that have data, but none for this x.
             */
            no_data_x: string[];
            /** Range */
            range: (number | null)[];
            /** Version */
            version: string;
            /** X */
            x: string;
        };
        /** SeriesWanted */
        SeriesWanted: {
            /**
             * Buckets
             * @default 500
             */
            buckets: number;
            /**
             * Group
             * @description Group name -> run ids: one aggregate line per group and key.
             * @default null
             */
            group: {
                [key: string]: string[];
            } | null;
            /** Keys */
            keys: string[];
            /**
             * Range
             * @description Both ends included; null is open.
             * @default [
             *       null,
             *       null
             *     ]
             */
            range: (number | null)[];
            /**
             * Runs
             * @default []
             */
            runs: string[];
            /**
             * Space
             * @default history
             * @enum {string}
             */
            space: "history" | "system";
            /**
             * X
             * @description _step, _timestamp, _runtime, or a metric.
             * @default _step
             */
            x: string;
        };
        /** ServerInfo */
        ServerInfo: {
            /** Base Url */
            base_url: string;
            /**
             * Ui Build
             * @description Changes with each build of the web UI; '' where there is none.
             */
            ui_build: string;
            /** Version */
            version: string;
        };
        /** ShownVersion */
        ShownVersion: {
            /** Created At */
            created_at: number;
            /** Id */
            id: number;
            /** Name */
            name: string;
            /** Size */
            size: number;
            /** Type */
            type: string;
        };
        /** SignIn */
        SignIn: {
            /**
             * Key
             * @description An API key.
             */
            key: string;
        };
        /** StandingAlias */
        StandingAlias: {
            /** Alias */
            alias: string;
            /** Digest */
            digest: string;
            /** Reason */
            reason: string;
            /** Set At */
            set_at: number;
            /** Set By */
            set_by: string;
            /** Sha256 */
            sha256: string;
            /**
             * Version
             * @description Where it points: `v3` in the collection.
             */
            version: string;
            /** Version Id */
            version_id: number;
        };
        /** StandingAliases */
        StandingAliases: {
            /** Aliases */
            aliases: components["schemas"]["StandingAlias"][];
        };
        /** Statistics */
        Statistics: {
            /** Count */
            count: number;
            /** First */
            first: number | ("NaN" | "Infinity" | "-Infinity") | null;
            /** Last */
            last: number | ("NaN" | "Infinity" | "-Infinity") | null;
            /** Max */
            max: number | ("NaN" | "Infinity" | "-Infinity") | null;
            /** Mean */
            mean: number | ("NaN" | "Infinity" | "-Infinity") | null;
            /** Min */
            min: number | ("NaN" | "Infinity" | "-Infinity") | null;
            /** Std */
            std: number | ("NaN" | "Infinity" | "-Infinity") | null;
        };
        /** Stop */
        Stop: {
            /** Number */
            number: number;
            /** Why */
            why: string;
        };
        /** StopWanted */
        StopWanted: {
            /**
             * Why
             * @default
             */
            why: string;
        };
        /** StorageBytes */
        StorageBytes: {
            /** Blobs Bytes */
            blobs_bytes: number | null;
            /**
             * Free Bytes
             * @description Left on the disk of the data directory.
             */
            free_bytes: number | null;
            /** History Bytes */
            history_bytes: number | null;
            /** Records Bytes */
            records_bytes: number | null;
        };
        /** StorageUse */
        StorageUse: {
            /** Blobs */
            blobs: number;
            /**
             * Collections
             * @description The thousand largest.
             */
            collections: components["schemas"]["CollectionUse"][];
            /**
             * Logical Bytes
             * @description Each version counted in full.
             */
            logical_bytes: number;
            /**
             * Stored Bytes
             * @description Each blob once.
             */
            stored_bytes: number;
            /**
             * Trash Bytes
             * @description What only versions in the trash hold.
             */
            trash_bytes: number;
            /** Trash Versions */
            trash_versions: number;
            /** Versions */
            versions: number;
        };
        /** Sweep */
        Sweep: {
            /**
             * Best
             * @description The first objective's best value by any one feasible trial.
             */
            best: number | ("NaN" | "Infinity" | "-Infinity") | null;
            /**
             * Config
             * @description As kept, distributions filled in.
             */
            config: {
                [key: string]: unknown;
            };
            /** Constraints */
            constraints: string[];
            /** Created At */
            created_at: number;
            /** Description */
            description: string;
            /** Display Name */
            display_name: string;
            /** Entity */
            entity: string;
            /**
             * Expected
             * @description Trials there will be, repeats counted; null without an end.
             */
            expected: number | null;
            /** Finished At */
            finished_at: number | null;
            /** Heartbeat At */
            heartbeat_at: number | null;
            /** Id */
            id: string;
            /** Method */
            method: string;
            /**
             * Name
             * @description What to call it: its display name, its configured name, or its id.
             */
            name: string;
            /** Objectives */
            objectives: components["schemas"]["Objective"][];
            /** Project */
            project: string;
            /** Repeats */
            repeats: number;
            /**
             * Sampler
             * @description What proposes: bayes is done by tpe.
             */
            sampler: string;
            /**
             * State
             * @enum {string}
             */
            state: "pending" | "running" | "paused" | "finished" | "cancelled";
            /**
             * Trials
             * @description How many trials by state; no state without trials.
             */
            trials: {
                [key: string]: number;
            };
            /** Updated At */
            updated_at: number;
            /** Username */
            username: string;
        };
        /**
         * SweepChange
         * @description What is left out stays as it is.
         */
        SweepChange: {
            /** Config */
            config?: {
                [key: string]: unknown;
            } | null;
            /** Description */
            description?: string | null;
            /** Display Name */
            display_name?: string | null;
            /** State */
            state?: ("running" | "paused" | "finished" | "cancelled") | null;
        };
        /**
         * SweepCopyWanted
         * @description A sweep of a directory, with some of its trials; send the others with the same.
         */
        SweepCopyWanted: {
            /** Config */
            config: {
                [key: string]: unknown;
            };
            /**
             * Config Text
             * @default
             */
            config_text: string;
            /** Created At */
            created_at: number;
            /** Finished At */
            finished_at?: number | null;
            /** Seed */
            seed: number;
            /**
             * State
             * @enum {string}
             */
            state: "pending" | "running" | "paused" | "finished" | "cancelled";
            /**
             * Trials
             * @default []
             */
            trials: components["schemas"]["TrialCopy"][];
        };
        /** SweepPromoted */
        SweepPromoted: {
            /** Alias */
            alias: string;
            /** @description As the collection knows it. */
            artifact: components["schemas"]["ArtifactVersion"];
            /**
             * Evidence
             * @description Kept with the alias's move: sweep, trial, run, rule, rank of how many, objectives with value, mean, std and bound, constraints, params.
             */
            evidence: {
                [key: string]: unknown;
            };
        };
        /** SweepPromotion */
        SweepPromotion: {
            /**
             * Alias
             * @default candidate
             */
            alias: string;
            /**
             * Artifact
             * @description NAME or NAME:v3 of those its run made.
             * @default
             */
            artifact: string;
            /**
             * Collection
             * @description Made if absent.
             */
            collection: string;
            /**
             * Force
             * @description A trial that breaks a constraint, a model without a traceable past, too.
             * @default false
             */
            force: boolean;
            /**
             * Organization
             * @description Whose registry.
             */
            organization: string;
            /**
             * Reason
             * @description Empty: what the ranking says.
             * @default
             */
            reason: string;
            /**
             * Registry
             * @description With or without `wandb-registry-`.
             */
            registry: string;
            /**
             * Robust
             * @default true
             */
            robust: boolean;
            /**
             * Trial
             * @description This one rather than the best.
             */
            trial?: number | null;
            /**
             * Type
             * @description Only an artifact of this type.
             * @default
             */
            type: string;
        };
        /** Sweeps */
        Sweeps: {
            /**
             * Next
             * @description Give it as `after` for the next page; empty at the end.
             */
            next: string;
            /** Sweeps */
            sweeps: components["schemas"]["Sweep"][];
            /** Total */
            total: number;
        };
        /** SweepWanted */
        SweepWanted: {
            /**
             * Config
             * @description The sweep file, as JSON.
             */
            config: {
                [key: string]: unknown;
            };
            /**
             * Display Name
             * @default
             */
            display_name: string;
            /**
             * Id
             * @description An id of one's own choice.
             */
            id?: string | null;
        };
        /** TagsWanted */
        TagsWanted: {
            /**
             * Add
             * @default []
             */
            add: string[];
            /**
             * Remove
             * @default []
             */
            remove: string[];
            /** Runs */
            runs: string[];
        };
        /** TeamWanted */
        TeamWanted: {
            /** Name */
            name: string;
            /** Organization */
            organization: string;
            /** Owner */
            owner: string;
        };
        /** TellWanted */
        TellWanted: {
            /** Attempt */
            attempt: number;
            /**
             * Error
             * @default
             */
            error: string;
            /** Exit Code */
            exit_code?: number | null;
            /**
             * Metrics
             * @description Further numbers, for constraints by name.
             */
            metrics?: {
                [key: string]: number | ("NaN" | "Infinity" | "-Infinity");
            };
            /** Number */
            number: number;
            /**
             * State
             * @default finished
             * @enum {string}
             */
            state: "finished" | "failed" | "pruned" | "stopped" | "crashed" | "oom";
            /**
             * Values
             * @description One per objective; null: as the run's summary says.
             */
            values?: (number | ("NaN" | "Infinity" | "-Infinity") | null)[] | null;
        };
        /** TrashedProjects */
        TrashedProjects: {
            /** Projects */
            projects: components["schemas"]["Project"][];
        };
        /** Trial */
        Trial: {
            /** Agent */
            agent: string;
            /**
             * Arguments
             * @description As the program is handed them, nested.
             */
            arguments: {
                [key: string]: unknown;
            };
            /** Attempt */
            attempt: number;
            /** Created At */
            created_at: number;
            /** Curve */
            curve: (number | ("NaN" | "Infinity" | "-Infinity"))[][];
            /** Error */
            error: string;
            /**
             * Excess
             * @description By how much each constraint is broken; 0 or less: it holds.
             */
            excess: (number | ("NaN" | "Infinity" | "-Infinity"))[];
            /** Exit Code */
            exit_code: number | null;
            /** Failures */
            failures: number;
            /** Feasible */
            feasible: boolean;
            /** Finished At */
            finished_at: number | null;
            /** Host */
            host: string;
            /** Lease Until */
            lease_until: number | null;
            /** Losses */
            losses: number;
            /** Number */
            number: number;
            /** Objective */
            objective: (number | ("NaN" | "Infinity" | "-Infinity") | null)[];
            /**
             * Params
             * @description By dotted name; only those whose conditions hold.
             */
            params: {
                [key: string]: unknown;
            };
            /** Parents */
            parents: number[];
            /**
             * Past
             * @description Earlier attempts, oldest first.
             */
            past: {
                [key: string]: unknown;
            }[];
            /** Reason */
            reason: string;
            /** Repeat */
            repeat: number;
            /**
             * Run
             * @description Run id of this attempt; empty before the first.
             */
            run: string;
            /** Sampler */
            sampler: string;
            /** Started At */
            started_at: number | null;
            /**
             * State
             * @enum {string}
             */
            state: "queued" | "running" | "finished" | "failed" | "pruned" | "stopped" | "crashed" | "oom";
            /**
             * Stop
             * @description Why it is asked to stop; empty while it is not.
             */
            stop: string;
            verdict: components["schemas"]["Verdict"] | null;
        };
        /** TrialCopy */
        TrialCopy: {
            /**
             * Attempt
             * @default 0
             */
            attempt: number;
            /**
             * Created At
             * @default 0
             */
            created_at: number;
            /**
             * Curve
             * @default []
             */
            curve: number[][];
            /**
             * Error
             * @default
             */
            error: string;
            /**
             * Excess
             * @default []
             */
            excess: number[];
            /** Exit Code */
            exit_code?: number | null;
            /**
             * Failures
             * @default 0
             */
            failures: number;
            /** Finished At */
            finished_at?: number | null;
            /**
             * Host
             * @default
             */
            host: string;
            /**
             * Losses
             * @default 0
             */
            losses: number;
            /**
             * Memo
             * @default {}
             */
            memo: {
                [key: string]: unknown;
            };
            /** Number */
            number: number;
            /**
             * Objective
             * @default []
             */
            objective: (number | null)[];
            /** Params */
            params: {
                [key: string]: unknown;
            };
            /**
             * Parents
             * @default []
             */
            parents: number[];
            /**
             * Past
             * @default []
             */
            past: {
                [key: string]: unknown;
            }[];
            /**
             * Reason
             * @default
             */
            reason: string;
            /**
             * Run Id
             * @default
             */
            run_id: string;
            /**
             * Sampler
             * @default
             */
            sampler: string;
            /** Started At */
            started_at?: number | null;
            /**
             * State
             * @enum {string}
             */
            state: "queued" | "running" | "finished" | "failed" | "pruned" | "stopped" | "crashed" | "oom";
            /**
             * Stop
             * @default
             */
            stop: string;
            /** Verdict */
            verdict?: {
                [key: string]: unknown;
            } | null;
        };
        /** Trials */
        Trials: {
            /**
             * Next
             * @description Give it as `after` for the next page; null at the end.
             */
            next: number | null;
            /** Trials */
            trials: components["schemas"]["Trial"][];
        };
        /** TrialsWanted */
        TrialsWanted: {
            /** Params */
            params: {
                [key: string]: unknown;
            }[];
            /**
             * Reason
             * @default
             */
            reason: string;
        };
        /** UnlinkWanted */
        UnlinkWanted: {
            /**
             * Reason
             * @default
             */
            reason: string;
        };
        /** Upload */
        Upload: {
            /**
             * Direct
             * @description Pieces may be put into the blob store itself: `addresses`.
             * @default false
             */
            direct: boolean;
            /** Id */
            id: string;
            /**
             * Offset
             * @description How much has come: where to go on.
             */
            offset: number;
            /**
             * Piece Bytes
             * @description How large those are, but the last.
             */
            piece_bytes: number;
            /**
             * Pieces
             * @description Where those begin that are there already.
             * @default []
             */
            pieces: number[];
            /** Size */
            size: number | null;
        };
        /**
         * UploadWanted
         * @description What is known of the blob; digests are checked at the end.
         */
        UploadWanted: {
            /**
             * Md5
             * @default
             */
            md5: string | "";
            /**
             * Sha256
             * @default
             */
            sha256: string | "";
            /** Size */
            size?: number | null;
        };
        /** User */
        User: {
            /** Created At */
            created_at: number;
            /** Deleted */
            deleted: boolean;
            /** Display Name */
            display_name: string;
            /** Email */
            email: string;
            /** Is Admin */
            is_admin: boolean;
            /** Is Service */
            is_service: boolean;
            /** Username */
            username: string;
        };
        /** UserKeyWanted */
        UserKeyWanted: {
            /** Expires At */
            expires_at?: number | null;
            /**
             * Name
             * @default
             */
            name: string;
            /**
             * Read Only
             * @default false
             */
            read_only: boolean;
        };
        /** Users */
        Users: {
            /** Next */
            next: string;
            /**
             * Users
             * @description By name.
             */
            users: components["schemas"]["User"][];
        };
        /** UserWanted */
        UserWanted: {
            /**
             * Admin
             * @default false
             */
            admin: boolean;
            /**
             * Api Key
             * @description A key of the admin's choosing; else one is made.
             */
            api_key?: string | null;
            /**
             * Email
             * @default
             */
            email: string;
            /**
             * Service
             * @default false
             */
            service: boolean;
            /** Username */
            username: string;
        };
        /** UseWanted */
        UseWanted: {
            /** Artifact */
            artifact: string;
            /**
             * Entity
             * @description Of the artifact, where it is another's.
             * @default
             */
            entity: string;
            /**
             * Project
             * @default
             */
            project: string;
            /**
             * Used As
             * @default
             */
            used_as: string;
        };
        /**
         * Verdict
         * @description Why a trial was stopped early.
         */
        Verdict: {
            /** Reason */
            reason: string;
            /** Rule */
            rule: string;
            /** Step */
            step: number;
            /** Threshold */
            threshold: number | ("NaN" | "Infinity" | "-Infinity");
            /** Value */
            value: number | ("NaN" | "Infinity" | "-Infinity");
        };
        /** VersionComparison */
        VersionComparison: {
            baseline: components["schemas"]["ArtifactVersion"];
            candidate: components["schemas"]["ArtifactVersion"];
            /** Config */
            config: components["schemas"]["Difference"][];
            /** Files */
            files: {
                [key: string]: number;
            };
            /** Metadata */
            metadata: components["schemas"]["Difference"][];
            /** Metrics */
            metrics: components["schemas"]["MetricDelta"][];
            /** Same Content */
            same_content: boolean;
        };
        /** VersionsRestored */
        VersionsRestored: {
            /** Count */
            count: number;
        };
        /** VersionsWanted */
        VersionsWanted: {
            /**
             * Versions
             * @description Ids of versions made in the collection.
             */
            versions: number[];
        };
        /** View */
        View: {
            /** Created At */
            created_at: number;
            /** Entity */
            entity: string;
            /** Id */
            id: string;
            /** Kind */
            kind: string;
            may: components["schemas"]["ViewRights"];
            /** Name */
            name: string;
            /** Owner */
            owner: string;
            /** Project */
            project: string;
            /** Shared */
            shared: boolean;
            /** Spec */
            spec: {
                [key: string]: unknown;
            };
            /** Updated At */
            updated_at: number;
            /** Version */
            version: number;
        };
        /** ViewChange */
        ViewChange: {
            /** Name */
            name: string;
            /**
             * Shared
             * @default false
             */
            shared: boolean;
            /** Spec */
            spec: {
                [key: string]: unknown;
            };
            /**
             * Version
             * @description The version it was made from; 409 if it moved on.
             */
            version?: number | null;
        };
        /**
         * ViewRights
         * @description What the caller may do with the view.
         */
        ViewRights: {
            /** @description Save over it, rename it, delete it. */
            write: components["schemas"]["Right"];
        };
        /** Views */
        Views: {
            /** Views */
            views: components["schemas"]["View"][];
        };
        /** ViewWanted */
        ViewWanted: {
            /**
             * Kind
             * @default workspace
             */
            kind: string;
            /** Name */
            name: string;
            /**
             * Shared
             * @default false
             */
            shared: boolean;
            /** Spec */
            spec: {
                [key: string]: unknown;
            };
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    list_audit: {
        parameters: {
            query?: {
                action?: string;
                /** @description `next` of the page before. */
                after?: string;
                by?: string;
                limit?: number;
                subject?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuditRows"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    export_audit: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One JSON object a line, the oldest first */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/x-ndjson": string;
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    verify_audit: {
        parameters: {
            query?: {
                /** @description A hash told earlier, to be found in the chain. */
                head?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuditVerdict"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    collect_garbage: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CollectWanted"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Collected"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    get_health: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    create_organization: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["OrganizationWanted"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Entity"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    delete_organization: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    add_member: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["MemberWanted"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Member"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    create_team: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TeamWanted"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Entity"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    list_users: {
        parameters: {
            query?: {
                /** @description `next` of the page before. */
                after?: string;
                limit?: number;
                /** @description Only what contains this text. */
                search?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Users"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    create_user: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UserWanted"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NewUser"];
                };
            };
            /** @description A key was made */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NewUser"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    delete_user: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    make_user_key: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["UserKeyWanted"] | null;
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NewUserKey"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    list_alerts: {
        parameters: {
            query?: {
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Alerts"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    list_charts: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Charts"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    get_chart: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Chart"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    find_deletion: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description A deletion's number. */
                deletion: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Deletion"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    list_entity_audit: {
        parameters: {
            query?: {
                action?: string;
                /** @description `next` of the page before. */
                after?: string;
                by?: string;
                limit?: number;
                subject?: string;
            };
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuditRows"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    export_entity_audit: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One JSON object a line, the oldest first */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/x-ndjson": string;
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    put_blob: {
        parameters: {
            query?: never;
            header?: {
                /** @description Refuse the body if its digest is another. */
                "X-Md5"?: string;
                /** @description Refuse the body if its digest is another. */
                "X-Sha256"?: string;
            };
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/octet-stream": string;
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Blob"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    put_blobs: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
            };
            cookie?: never;
        };
        /** @description Blobs one after another, each after its length: 4 bytes, little-endian. At most 20,000 blobs and 33,554,432 bytes. */
        requestBody?: {
            content: {
                "application/octet-stream": string;
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BlobsKept"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    find_blobs: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["BlobsAsked"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BlobsFound"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    list_deployments: {
        parameters: {
            query?: {
                /** @description `next` of the page before. */
                after?: string;
                limit?: number;
                live?: boolean | null;
                name?: string;
                site?: string;
            };
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Deployments"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    record_deployment: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DeploymentWanted"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Deployment"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    end_deployment: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                deployment: number;
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Deployment"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    add_prediction: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PredictionWanted"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Prediction"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    get_prediction: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                prediction: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Prediction"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    trace_prediction: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                prediction: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PredictionTrace"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    get_entity_retention: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EntityRetention"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    set_entity_retention: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PolicyWanted"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EntityRetention"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    get_entity_storage_use: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EntityUse"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    begin_upload: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UploadWanted"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Upload"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    get_upload: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description An upload, by the id it was begun under. */
                upload: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Upload"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    abort_upload: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description An upload, by the id it was begun under. */
                upload: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    append_upload: {
        parameters: {
            query: {
                /** @description Where in the blob the body begins. */
                offset: number;
            };
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description An upload, by the id it was begun under. */
                upload: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/octet-stream": string;
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Upload"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    get_upload_addresses: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description An upload, by the id it was begun under. */
                upload: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PiecesWanted"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PieceAddresses"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    finish_upload: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description An upload, by the id it was begun under. */
                upload: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Blob"];
                };
            };
            /** @description It is being put together. Ask again in a second; its digests are not known yet. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Blob"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    get_entity: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EntitySeen"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    list_members: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Members"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    set_member: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
                username: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RoleWanted"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Member"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    remove_member: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
                username: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    follow_feed: {
        parameters: {
            query?: {
                /** @description Only what happens in `entity/project`. */
                project?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Events `change`; data is a JSON list of `{kind, entity, project, run, detail}`. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": string;
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    get_me: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Me"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    update_me: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["MeChange"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Me"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    get_my_keys: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Keys"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    make_my_key: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["KeyWanted"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NewKey"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    delete_my_key: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                key_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    list_registries: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Organisation. */
                organization: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RegistryList"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    create_registry: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Organisation. */
                organization: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RegistryWanted"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Registry"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    get_registry: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Organisation. */
                organization: string;
                /** @description Registry, without its project's prefix. */
                registry: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Registry"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    delete_registry: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Organisation. */
                organization: string;
                /** @description Registry, without its project's prefix. */
                registry: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    update_registry: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Organisation. */
                organization: string;
                /** @description Registry, without its project's prefix. */
                registry: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RegistryChange"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Registry"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    list_registry_members: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Organisation. */
                organization: string;
                /** @description Registry, without its project's prefix. */
                registry: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RegistryMembers"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    set_registry_member: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description A user or a team of the organisation. */
                member: string;
                /** @description Organisation. */
                organization: string;
                /** @description Registry, without its project's prefix. */
                registry: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RegistryRoleWanted"];
            };
        };
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    remove_registry_member: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description A user or a team of the organisation. */
                member: string;
                /** @description Organisation. */
                organization: string;
                /** @description Registry, without its project's prefix. */
                registry: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    list_projects: {
        parameters: {
            query?: {
                /** @description `next` of the page before. */
                after?: string;
                /** @description Only this entity's; '' is all I may read. */
                entity?: string;
                limit?: number;
                /** @description Only what contains this text. */
                search?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Projects"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    get_project: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProjectSeen"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    ensure_project: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["ProjectWanted"] | null;
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Project"];
                };
            };
            /** @description The project was made */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Project"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    delete_project: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    update_project: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ProjectChange"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Project"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    list_artifact_types: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ArtifactTypes"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    ensure_artifact_type: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
                /** @description Artifact type. */
                type: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ArtifactTypeWanted"];
            };
        };
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    create_artifact: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ArtifactWanted"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ArtifactCreated"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    get_artifact: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description `NAME` (its latest), `NAME:ALIAS`, `NAME:v3`, or `@ID`. */
                artifact: string;
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ArtifactVersion"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    delete_artifact: {
        parameters: {
            query?: {
                /** @description Although it has aliases, which go with it. */
                aliases?: boolean;
                reason?: string;
            };
            header?: never;
            path: {
                /** @description `NAME` (its latest), `NAME:ALIAS`, `NAME:v3`, or `@ID`. */
                artifact: string;
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    update_artifact: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description `NAME` (its latest), `NAME:ALIAS`, `NAME:v3`, or `@ID`. */
                artifact: string;
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ArtifactChange"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ArtifactVersion"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    abandon_artifact: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description `NAME` (its latest), `NAME:ALIAS`, `NAME:v3`, or `@ID`. */
                artifact: string;
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    move_aliases: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description `NAME` (its latest), `NAME:ALIAS`, `NAME:v3`, or `@ID`. */
                artifact: string;
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AliasChange"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ArtifactVersion"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    commit_artifact: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description `NAME` (its latest), `NAME:ALIAS`, `NAME:v3`, or `@ID`. */
                artifact: string;
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ArtifactVersion"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    compare_versions: {
        parameters: {
            query: {
                /** @description NAME:ALIAS, or ENTITY/PROJECT/NAME:ALIAS. */
                baseline: string;
            };
            header?: never;
            path: {
                /** @description `NAME` (its latest), `NAME:ALIAS`, `NAME:v3`, or `@ID`. */
                artifact: string;
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VersionComparison"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    diff_artifacts: {
        parameters: {
            query: {
                /** @description With a delimiter: `next`. */
                after?: string;
                /** @description `/`: one folder, in place of all that lies below it. */
                delimiter?: "" | "/";
                limit?: number;
                /** @description Only paths that begin so. */
                prefix?: string;
                /** @description The newer version, as NAME:ALIAS or @ID. */
                to: string;
            };
            header?: never;
            path: {
                /** @description `NAME` (its latest), `NAME:ALIAS`, `NAME:v3`, or `@ID`. */
                artifact: string;
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ArtifactDiff"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    add_artifact_entries: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description `NAME` (its latest), `NAME:ALIAS`, `NAME:v3`, or `@ID`. */
                artifact: string;
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EntriesWanted"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EntriesTaken"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    list_artifact_files: {
        parameters: {
            query?: {
                /** @description `next` of the page before. */
                after?: string;
                /** @description `/`: one folder, in place of all that lies below it. */
                delimiter?: "" | "/";
                limit?: number;
                /** @description Only paths that begin so. */
                prefix?: string;
                /** @description Only paths that hold this text, in any case; of all depths. */
                search?: string;
            };
            header?: never;
            path: {
                /** @description `NAME` (its latest), `NAME:ALIAS`, `NAME:v3`, or `@ID`. */
                artifact: string;
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ArtifactFiles"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    get_artifact_file: {
        parameters: {
            query?: {
                /** @description Show it in place, if its type is harmless. */
                inline?: boolean;
                /** @description Straight from the blob store, where it can be. */
                redirect?: boolean;
            };
            header?: {
                Range?: string;
            };
            path: {
                /** @description `NAME` (its latest), `NAME:ALIAS`, `NAME:v3`, or `@ID`. */
                artifact: string;
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description File name; slashes make folders. */
                name: string;
                /** @description Project name. */
                project: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The bytes */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "*/*": string;
                };
            };
            /** @description The range asked for */
            206: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description As in If-None-Match */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Where the blob store has it */
            307: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No byte of the range exists */
            416: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    read_artifact_files: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description `NAME` (its latest), `NAME:ALIAS`, `NAME:v3`, or `@ID`. */
                artifact: string;
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ArtifactPaths"];
            };
        };
        responses: {
            /** @description The file */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/octet-stream": string;
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    get_artifact_impact: {
        parameters: {
            query?: {
                /** @description A row of the dataset: all versions that hold it. */
                row?: string;
            };
            header?: never;
            path: {
                /** @description `NAME` (its latest), `NAME:ALIAS`, `NAME:v3`, or `@ID`. */
                artifact: string;
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ArtifactImpact"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    get_artifact_lineage: {
        parameters: {
            query?: {
                depth?: number;
                direction?: "up" | "down" | "both";
                /** @description At most so many nodes. */
                limit?: number;
            };
            header?: never;
            path: {
                /** @description `NAME` (its latest), `NAME:ALIAS`, `NAME:v3`, or `@ID`. */
                artifact: string;
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LineageGraph"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    link_artifact: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description `NAME` (its latest), `NAME:ALIAS`, `NAME:v3`, or `@ID`. */
                artifact: string;
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["runstone__server__doors__rest__models__registry__LinkWanted"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ArtifactVersion"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    get_artifact_manifest: {
        parameters: {
            query?: {
                /** @description Only paths that begin so. */
                prefix?: string;
            };
            header?: never;
            path: {
                /** @description `NAME` (its latest), `NAME:ALIAS`, `NAME:v3`, or `@ID`. */
                artifact: string;
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One JSON object a line, as in `files`, by path */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/x-ndjson": string;
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    list_artifact_members: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description `NAME` (its latest), `NAME:ALIAS`, `NAME:v3`, or `@ID`. */
                artifact: string;
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ArtifactVersions"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    restore_artifact: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description `NAME` (its latest), `NAME:ALIAS`, `NAME:v3`, or `@ID`. */
                artifact: string;
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ArtifactVersion"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    unlink_artifact: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description `NAME` (its latest), `NAME:ALIAS`, `NAME:v3`, or `@ID`. */
                artifact: string;
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UnlinkWanted"];
            };
        };
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    list_collections: {
        parameters: {
            query?: {
                /** @description `next` of the page before. */
                after?: string;
                /** @description One of its versions goes by it. */
                alias?: string;
                /** @description Say how many there are: `total`. */
                count?: boolean;
                kind?: "" | "sequence" | "portfolio";
                limit?: number;
                /** @description Only what contains this text. */
                search?: string;
                /** @description In place of `after`: the page begins so many after the first. */
                skip?: number;
                /** @description name, created_at, updated_at or version_count, in the trash deleted_at too; `-` for descending. */
                sort?: string;
                tag?: string;
                trash?: boolean;
                type?: string;
            };
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Collections"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    create_collection: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CollectionWanted"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Collection"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    get_collection: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Collection name. */
                collection: string;
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Collection"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    delete_collection: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Collection name. */
                collection: string;
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    update_collection: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Collection name. */
                collection: string;
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CollectionChange"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Collection"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    list_collection_aliases: {
        parameters: {
            query?: {
                limit?: number;
            };
            header?: never;
            path: {
                /** @description Collection name. */
                collection: string;
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StandingAliases"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    list_approvals: {
        parameters: {
            query?: {
                /** @description `next` of the page before. */
                after?: string;
                limit?: number;
                state?: "" | "open" | "done" | "rejected";
            };
            header?: never;
            path: {
                /** @description Collection name. */
                collection: string;
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Approvals"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    ask_approval: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Collection name. */
                collection: string;
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ApprovalWanted"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Approval"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    decide_approval: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                approval: number;
                /** @description Collection name. */
                collection: string;
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ApprovalDecision"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Approval"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    list_alias_moves: {
        parameters: {
            query?: {
                /** @description `next` of the page before. */
                after?: string;
                alias?: string;
                /** @description Say how many there are: `total`. */
                count?: boolean;
                limit?: number;
                /** @description In place of `after`: the page begins so many after the first. */
                skip?: number;
                /** @description All but this alias. */
                without?: string;
            };
            header?: never;
            path: {
                /** @description Collection name. */
                collection: string;
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AliasMoves"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    promote_version: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Collection name. */
                collection: string;
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PromotionWanted"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ArtifactVersion"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    roll_back_version: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Collection name. */
                collection: string;
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RollbackWanted"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ArtifactVersion"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    list_versions: {
        parameters: {
            query?: {
                /** @description `next` of the page before. */
                after?: string;
                alias?: string;
                /** @description The page begins with this version: `v3`, an alias, or `@ID`. */
                at?: string;
                /** @description Say how many there are: `total`. */
                count?: boolean;
                created_before?: number | null;
                created_since?: number | null;
                limit?: number;
                /** @description Only what contains this text. */
                search?: string;
                /** @description In place of `after`: the page begins so many after the first. */
                skip?: number;
                /** @description version_index, created_at or size; `-` for descending. */
                sort?: string;
                tag?: string;
                /** @description Those made there that are in the trash. */
                trash?: boolean;
            };
            header?: never;
            path: {
                /** @description Collection name. */
                collection: string;
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ArtifactVersions"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    restore_versions: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Collection name. */
                collection: string;
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["VersionsWanted"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VersionsRestored"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    restore_collection: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CollectionRestored"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Collection"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    list_columns: {
        parameters: {
            query?: {
                /** @description `next` of the page before. */
                after?: string;
                limit?: number;
                /** @description Only what contains this text. */
                search?: string;
            };
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Columns"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    list_deletions: {
        parameters: {
            query?: {
                /** @description `next` of the page before. */
                after?: string;
                limit?: number;
            };
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Deletions"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    delete_by_query: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DeletionWanted"];
            };
        };
        responses: {
            /** @description Successful Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Deletion"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    get_deletion: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description A deletion's number. */
                deletion: number;
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Deletion"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    cancel_deletion: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description A deletion's number. */
                deletion: number;
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Deletion"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    undo_deletion: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description A deletion's number. */
                deletion: number;
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Deletion"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    preview_deletion: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DeletionWanted"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RetentionPreview"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    list_project_keys: {
        parameters: {
            query?: {
                /** @description `next` of the page before. */
                after?: string;
                limit?: number;
                /** @description Only what contains this text. */
                search?: string;
            };
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProjectKeys"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    list_media_keys: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["MediaKeysWanted"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MediaKeys"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    read_media: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["MediaWanted"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Media"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    get_retention: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RetentionPolicies"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    set_retention: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PolicyWanted"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RetentionPolicies"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    apply_retention: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Deletion"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    preview_retention: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RetentionLook"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RetentionPreview"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    get_run: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
                /** @description Run id. */
                run: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Run"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    put_run: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
                /** @description Run id. */
                run: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RunFields"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Run"];
                };
            };
            /** @description The run was made */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Run"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    delete_run: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
                /** @description Run id. */
                run: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    update_run: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
                /** @description Run id. */
                run: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RunFields"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Run"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    list_run_alerts: {
        parameters: {
            query?: {
                limit?: number;
            };
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
                /** @description Run id. */
                run: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Alerts"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    list_run_artifacts: {
        parameters: {
            query?: {
                /** @description `next` of the page before. */
                after?: string;
                limit?: number;
                role?: "input" | "output";
            };
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
                /** @description Run id. */
                run: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RunArtifacts"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    use_artifact: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
                /** @description Run id. */
                run: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UseWanted"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ArtifactVersion"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    get_config_history: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
                /** @description Run id. */
                run: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConfigHistory"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    read_console: {
        parameters: {
            query?: {
                limit?: number;
                search?: string;
                /** @description Negative: from the end. */
                start?: number;
                /** @description '' is the run's first. */
                writer?: string;
            };
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
                /** @description Run id. */
                run: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConsoleLines"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    download_console: {
        parameters: {
            query?: {
                /** @description '' is the run's first. */
                writer?: string;
            };
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
                /** @description Run id. */
                run: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The file */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    export_history: {
        parameters: {
            query?: {
                format?: "parquet" | "csv" | "jsonl";
                /** @description Only these keys; all if none. */
                keys?: string[];
                /** @description What was logged, or what the machines reported. */
                space?: "history" | "system";
            };
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
                /** @description Run id. */
                run: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The file */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/vnd.apache.parquet": string;
                    "application/x-ndjson": string;
                    "text/csv; charset=utf-8": string;
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    list_files: {
        parameters: {
            query?: {
                /** @description `next` of the page before. */
                after?: string;
                limit?: number;
                prefix?: string;
            };
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
                /** @description Run id. */
                run: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RunFiles"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    get_file: {
        parameters: {
            query?: {
                /** @description Show it in place, if its type is harmless. */
                inline?: boolean;
            };
            header?: {
                Range?: string;
            };
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description File name; slashes make folders. */
                name: string;
                /** @description Project name. */
                project: string;
                /** @description Run id. */
                run: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The bytes */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "*/*": string;
                };
            };
            /** @description The range asked for */
            206: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description As in If-None-Match */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No byte of the range exists */
            416: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    put_file: {
        parameters: {
            query?: never;
            header?: {
                /** @description Refuse the body if its digest is another. */
                "X-Sha256"?: string;
            };
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description File name; slashes make folders. */
                name: string;
                /** @description Project name. */
                project: string;
                /** @description Run id. */
                run: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "*/*": string;
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RunFile"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    delete_file: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description File name; slashes make folders. */
                name: string;
                /** @description Project name. */
                project: string;
                /** @description Run id. */
                run: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    get_journal_offset: {
        parameters: {
            query: {
                /** @description The header's writer, in hex. */
                writer: string;
            };
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
                /** @description Run id. */
                run: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JournalOffset"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    append_journal: {
        parameters: {
            query: {
                /** @description Where the body begins in the journal. */
                offset: number;
                /** @description The header's writer, in hex. */
                writer: string;
            };
            header?: {
                "Content-Encoding"?: "identity" | "gzip" | "zstd";
            };
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
                /** @description Run id. */
                run: string;
            };
            cookie?: never;
        };
        /** @description Raw records; empty is a heartbeat. At most 64 MiB, unpacked. */
        requestBody?: {
            content: {
                "application/octet-stream": string;
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JournalTaken"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    list_keys: {
        parameters: {
            query?: {
                /** @description `next` of the page before. */
                after?: string;
                limit?: number;
                /** @description Only what contains this text. */
                search?: string;
                /** @description What was logged, or what the machines reported. */
                space?: "history" | "system";
            };
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
                /** @description Run id. */
                run: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HistoryKeys"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    get_run_lineage: {
        parameters: {
            query?: {
                depth?: number;
                direction?: "up" | "down" | "both";
                /** @description At most so many nodes. */
                limit?: number;
            };
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
                /** @description Run id. */
                run: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LineageGraph"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    list_rows: {
        parameters: {
            query?: {
                /** @description Only these keys; all if none. */
                keys?: string[];
                limit?: number;
                max_step?: number | null;
                min_step?: number | null;
                /** @description What was logged, or what the machines reported. */
                space?: "history" | "system";
            };
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
                /** @description Run id. */
                run: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Rows"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    get_statistics: {
        parameters: {
            query: {
                hi?: number | null;
                key: string;
                lo?: number | null;
            };
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
                /** @description Run id. */
                run: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Statistics"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    stop_run: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
                /** @description Run id. */
                run: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    delete_runs: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RunIds"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Count"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    group_runs: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["GroupsWanted"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Groups"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    move_runs: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["MoveWanted"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Count"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    pareto_of_runs: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ParetoWanted"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RunPareto"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    purge_runs: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RunIds"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Count"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    query_runs: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RunsWanted"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RunsFound"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    restore_runs: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RunIds"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Count"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    tag_runs: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TagsWanted"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Count"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    read_series: {
        parameters: {
            query?: never;
            header?: {
                "If-None-Match"?: string;
            };
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SeriesWanted"];
            };
        };
        responses: {
            /** @description JSON where Accept asks for it, else columns: u32 header length, JSON header, then little-endian columns */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Series"];
                    "application/vnd.runstone.series": string;
                };
            };
            /** @description Nothing changed since the version in If-None-Match */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    get_storage_use: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StorageUse"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    list_sweeps: {
        parameters: {
            query?: {
                /** @description `next` of the page before. */
                after?: string;
                limit?: number;
                /** @description Only what contains this text. */
                search?: string;
                state?: ("pending" | "running" | "paused" | "finished" | "cancelled")[] | null;
            };
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Sweeps"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    create_sweep: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SweepWanted"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Sweep"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    get_sweep: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
                /** @description Sweep id. */
                sweep: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Sweep"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    delete_sweep: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
                /** @description Sweep id. */
                sweep: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    update_sweep: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
                /** @description Sweep id. */
                sweep: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SweepChange"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Sweep"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    list_agents: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
                /** @description Sweep id. */
                sweep: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Agents"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    register_agent: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
                /** @description Sweep id. */
                sweep: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AgentWanted"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Agent"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    end_agent: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                agent: string;
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
                /** @description Sweep id. */
                sweep: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    beat_agent: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                agent: string;
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
                /** @description Sweep id. */
                sweep: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["BeatWanted"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Beat"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    claim_trials: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The agent, as it was registered. */
                agent: string;
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
                /** @description Sweep id. */
                sweep: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ClaimWanted"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Claim"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    ask_approval_from_sweep: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
                /** @description Sweep id. */
                sweep: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SweepPromotion"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Approval"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    ask_trials: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
                /** @description Sweep id. */
                sweep: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ClaimWanted"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Claim"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    beat_trials: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
                /** @description Sweep id. */
                sweep: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["BeatWanted"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Beat"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    best_of_sweep: {
        parameters: {
            query?: {
                limit?: number;
                /** @description By the bad end of the mean's interval over repeats; else the luckiest trial. */
                robust?: boolean;
            };
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
                /** @description Sweep id. */
                sweep: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Best"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    bring_sweep: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
                /** @description Sweep id. */
                sweep: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SweepCopyWanted"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Sweep"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    importance_of_sweep: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
                /** @description Sweep id. */
                sweep: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Importance"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    get_sweep_lineage: {
        parameters: {
            query?: {
                depth?: number;
                direction?: "up" | "down" | "both";
                /** @description At most so many nodes. */
                limit?: number;
            };
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
                /** @description Sweep id. */
                sweep: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LineageGraph"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    pareto_of_sweep: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
                /** @description Sweep id. */
                sweep: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Pareto"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    promotable_of_sweep: {
        parameters: {
            query?: {
                /** @description NAME or NAME:v3 of those its run made. */
                artifact?: string;
                robust?: boolean;
                /** @description This one rather than the best. */
                trial?: number | null;
                /** @description Only an artifact of this type. */
                type?: string;
            };
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
                /** @description Sweep id. */
                sweep: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Promotable"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    promote_from_sweep: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
                /** @description Sweep id. */
                sweep: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SweepPromotion"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SweepPromoted"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    retry_trials: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
                /** @description Sweep id. */
                sweep: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RetryWanted"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Count"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    tell_trial: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
                /** @description Sweep id. */
                sweep: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TellWanted"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Trial"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    list_trials: {
        parameters: {
            query?: {
                /** @description `next` of the page before. */
                after?: number | null;
                agent?: string;
                limit?: number;
                /** @description Last proposed first. */
                newest?: boolean;
                state?: ("queued" | "running" | "finished" | "failed" | "pruned" | "stopped" | "crashed" | "oom")[] | null;
            };
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
                /** @description Sweep id. */
                sweep: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Trials"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    enqueue_trials: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
                /** @description Sweep id. */
                sweep: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TrialsWanted"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Trials"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    get_trial: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description The trial's number. */
                number: number;
                /** @description Project name. */
                project: string;
                /** @description Sweep id. */
                sweep: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Trial"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    complete_trial: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description The trial's number. */
                number: number;
                /** @description Project name. */
                project: string;
                /** @description Sweep id. */
                sweep: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CompleteWanted"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Trial"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    report_trial: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description The trial's number. */
                number: number;
                /** @description Project name. */
                project: string;
                /** @description Sweep id. */
                sweep: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReportWanted"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reported"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    stop_trial: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description The trial's number. */
                number: number;
                /** @description Project name. */
                project: string;
                /** @description Sweep id. */
                sweep: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["StopWanted"];
            };
        };
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    list_views: {
        parameters: {
            query?: {
                kind?: string;
            };
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Views"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    create_view: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description User, team or organisation; `-` is the key's own default entity. */
                entity: string;
                /** @description Project name. */
                project: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ViewWanted"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["View"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    sign_in: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SignIn"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Me"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    sign_out: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    make_link: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["runstone__server__doors__rest__models__session__LinkWanted"] | null;
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Link"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    open_shared_view: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                token: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["View"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    preview_sweep: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PreviewWanted"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Preview"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    list_trashed_projects: {
        parameters: {
            query?: {
                entity?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TrashedProjects"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    restore_project: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                project_id: number;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["RestoreWanted"] | null;
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Project"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    get_view: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                view_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["View"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    update_view: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                view_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ViewChange"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["View"];
                };
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    delete_view: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                view_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description What went wrong */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
}
