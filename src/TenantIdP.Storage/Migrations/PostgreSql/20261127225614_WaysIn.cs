using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace TenantIdP.Storage.Migrations.PostgreSql
{
    /// <inheritdoc />
    public partial class WaysIn : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<bool>(
                name: "allow_different_email",
                table: "organizations",
                type: "boolean",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AddColumn<string>(
                name: "membership_domain_list",
                table: "organizations",
                type: "text",
                nullable: false,
                defaultValueSql: "'[]'");

            migrationBuilder.AddColumn<string>(
                name: "membership_domains",
                table: "organizations",
                type: "character varying(16)",
                maxLength: 16,
                nullable: false,
                defaultValue: "Any");

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "ownerless_since",
                table: "organizations",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "sso",
                table: "organizations",
                type: "text",
                nullable: false,
                defaultValue: "{\"exceptRoles\":[],\"rolloutPercent\":100,\"breakGlass\":[]}");

            migrationBuilder.AddColumn<string>(
                name: "assignment",
                table: "organization_domains",
                type: "character varying(16)",
                maxLength: 16,
                nullable: false,
                defaultValue: "Off");

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "at_risk_at",
                table: "organization_domains",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "default_role_key",
                table: "organization_domains",
                type: "character varying(63)",
                maxLength: 63,
                nullable: false,
                defaultValue: "member");

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "failed_at",
                table: "organization_domains",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "lapsed_at",
                table: "organization_domains",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "transfer_at",
                table: "organization_domains",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "transferred_at",
                table: "organization_domains",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<bool>(
                name: "is_name_of_directory",
                table: "memberships",
                type: "boolean",
                nullable: false,
                defaultValue: false);

            migrationBuilder.CreateTable(
                name: "directories",
                columns: table => new
                {
                    organization_id = table.Column<Guid>(type: "uuid", nullable: false),
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    display_name = table.Column<string>(type: "character varying(200)", maxLength: 200, nullable: false),
                    status = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false),
                    outside_domains = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false),
                    correlate_by = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false),
                    owns_profile = table.Column<bool>(type: "boolean", nullable: false),
                    default_role_key = table.Column<string>(type: "character varying(63)", maxLength: 63, nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    updated_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    last_seen_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    version = table.Column<int>(type: "integer", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_directories", x => new { x.organization_id, x.id });
                    table.ForeignKey(
                        name: "fk_directories_organization_id",
                        column: x => x.organization_id,
                        principalTable: "organizations",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "domain_connections",
                columns: table => new
                {
                    organization_id = table.Column<Guid>(type: "uuid", nullable: false),
                    domain_id = table.Column<Guid>(type: "uuid", nullable: false),
                    position = table.Column<int>(type: "integer", nullable: false),
                    connection_id = table.Column<Guid>(type: "uuid", nullable: false),
                    host = table.Column<string>(type: "character varying(255)", maxLength: 255, nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_domain_connections", x => new { x.organization_id, x.domain_id, x.position });
                    table.ForeignKey(
                        name: "fk_domain_connections_organization_id_connection_id",
                        columns: x => new { x.organization_id, x.connection_id },
                        principalTable: "connections",
                        principalColumns: new[] { "organization_id", "id" },
                        onDelete: ReferentialAction.Cascade);
                    table.ForeignKey(
                        name: "fk_domain_connections_organization_id_domain_id",
                        columns: x => new { x.organization_id, x.domain_id },
                        principalTable: "organization_domains",
                        principalColumns: new[] { "organization_id", "id" },
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "domain_proof_attempts",
                columns: table => new
                {
                    organization_id = table.Column<Guid>(type: "uuid", nullable: false),
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    domain_id = table.Column<Guid>(type: "uuid", nullable: false),
                    method = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false),
                    proven = table.Column<bool>(type: "boolean", nullable: false),
                    scheduled = table.Column<bool>(type: "boolean", nullable: false),
                    at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    seen = table.Column<string>(type: "text", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_domain_proof_attempts", x => new { x.organization_id, x.id });
                    table.ForeignKey(
                        name: "fk_domain_proof_attempts_organization_id_domain_id",
                        columns: x => new { x.organization_id, x.domain_id },
                        principalTable: "organization_domains",
                        principalColumns: new[] { "organization_id", "id" },
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "domain_watches",
                columns: table => new
                {
                    organization_id = table.Column<Guid>(type: "uuid", nullable: false),
                    domain_id = table.Column<Guid>(type: "uuid", nullable: false),
                    method = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false),
                    next_check_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    last_checked_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    last_proven_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    armed_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    misses = table.Column<int>(type: "integer", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_domain_watches", x => new { x.organization_id, x.domain_id });
                    table.ForeignKey(
                        name: "fk_domain_watches_organization_id_domain_id",
                        columns: x => new { x.organization_id, x.domain_id },
                        principalTable: "organization_domains",
                        principalColumns: new[] { "organization_id", "id" },
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "invitations",
                columns: table => new
                {
                    organization_id = table.Column<Guid>(type: "uuid", nullable: false),
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    address = table.Column<string>(type: "character varying(318)", maxLength: 318, nullable: false),
                    normalized = table.Column<string>(type: "character varying(318)", maxLength: 318, nullable: false),
                    status = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false),
                    token_hash = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    roles = table.Column<string>(type: "text", nullable: false),
                    workspaces = table.Column<string>(type: "text", nullable: false),
                    message = table.Column<string>(type: "character varying(500)", maxLength: 500, nullable: true),
                    locale = table.Column<string>(type: "character varying(35)", maxLength: 35, nullable: true),
                    app_id = table.Column<Guid>(type: "uuid", nullable: true),
                    metadata = table.Column<string>(type: "text", nullable: false, defaultValue: "{}"),
                    inviter_kind = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false),
                    inviter_id = table.Column<string>(type: "character varying(200)", maxLength: 200, nullable: false),
                    inviter_is_instance = table.Column<bool>(type: "boolean", nullable: false),
                    issued_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    expires_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    resent_count = table.Column<int>(type: "integer", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    updated_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    ended_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    accepted_by = table.Column<Guid>(type: "uuid", nullable: true),
                    membership_id = table.Column<Guid>(type: "uuid", nullable: true),
                    requested_by = table.Column<Guid>(type: "uuid", nullable: true),
                    requested_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    request_denied_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    version = table.Column<int>(type: "integer", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_invitations", x => new { x.organization_id, x.id });
                    table.ForeignKey(
                        name: "fk_invitations_organization_id",
                        column: x => x.organization_id,
                        principalTable: "organizations",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "join_requests",
                columns: table => new
                {
                    organization_id = table.Column<Guid>(type: "uuid", nullable: false),
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    user_id = table.Column<Guid>(type: "uuid", nullable: false),
                    email = table.Column<string>(type: "character varying(318)", maxLength: 318, nullable: false),
                    status = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    updated_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    decided_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    version = table.Column<int>(type: "integer", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_join_requests", x => new { x.organization_id, x.id });
                    table.ForeignKey(
                        name: "fk_join_requests_organization_id",
                        column: x => x.organization_id,
                        principalTable: "organizations",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                    table.ForeignKey(
                        name: "fk_join_requests_user_id",
                        column: x => x.user_id,
                        principalTable: "users",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "directory_groups",
                columns: table => new
                {
                    organization_id = table.Column<Guid>(type: "uuid", nullable: false),
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    directory_id = table.Column<Guid>(type: "uuid", nullable: false),
                    display_name = table.Column<string>(type: "character varying(500)", maxLength: 500, nullable: false),
                    name_key = table.Column<string>(type: "character varying(500)", maxLength: 500, nullable: false),
                    external_id = table.Column<string>(type: "character varying(500)", maxLength: 500, nullable: true),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    updated_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    version = table.Column<int>(type: "integer", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_directory_groups", x => new { x.organization_id, x.id });
                    table.ForeignKey(
                        name: "fk_directory_groups_organization_id_directory_id",
                        columns: x => new { x.organization_id, x.directory_id },
                        principalTable: "directories",
                        principalColumns: new[] { "organization_id", "id" },
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "directory_log",
                columns: table => new
                {
                    organization_id = table.Column<Guid>(type: "uuid", nullable: false),
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    directory_id = table.Column<Guid>(type: "uuid", nullable: false),
                    at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    operation = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false),
                    resource_type = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false),
                    resource_id = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: true),
                    outcome = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false),
                    status = table.Column<int>(type: "integer", nullable: false),
                    scim_type = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: true),
                    detail = table.Column<string>(type: "character varying(400)", maxLength: 400, nullable: true),
                    duration_ms = table.Column<int>(type: "integer", nullable: false),
                    trace_id = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: true),
                    request = table.Column<string>(type: "character varying(2000)", maxLength: 2000, nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_directory_log", x => new { x.organization_id, x.id });
                    table.ForeignKey(
                        name: "fk_directory_log_organization_id_directory_id",
                        columns: x => new { x.organization_id, x.directory_id },
                        principalTable: "directories",
                        principalColumns: new[] { "organization_id", "id" },
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "directory_tokens",
                columns: table => new
                {
                    organization_id = table.Column<Guid>(type: "uuid", nullable: false),
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    directory_id = table.Column<Guid>(type: "uuid", nullable: false),
                    hash = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    prefix = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    created_by = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    expires_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    last_used_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_directory_tokens", x => new { x.organization_id, x.id });
                    table.ForeignKey(
                        name: "fk_directory_tokens_organization_id_directory_id",
                        columns: x => new { x.organization_id, x.directory_id },
                        principalTable: "directories",
                        principalColumns: new[] { "organization_id", "id" },
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "directory_users",
                columns: table => new
                {
                    organization_id = table.Column<Guid>(type: "uuid", nullable: false),
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    directory_id = table.Column<Guid>(type: "uuid", nullable: false),
                    membership_id = table.Column<Guid>(type: "uuid", nullable: false),
                    user_id = table.Column<Guid>(type: "uuid", nullable: false),
                    user_name = table.Column<string>(type: "character varying(400)", maxLength: 400, nullable: false),
                    user_name_key = table.Column<string>(type: "character varying(400)", maxLength: 400, nullable: false, collation: "C"),
                    external_id = table.Column<string>(type: "character varying(400)", maxLength: 400, nullable: true),
                    active = table.Column<bool>(type: "boolean", nullable: false),
                    primary_email = table.Column<string>(type: "character varying(318)", maxLength: 318, nullable: true),
                    primary_email_key = table.Column<string>(type: "character varying(318)", maxLength: 318, nullable: true),
                    display_name = table.Column<string>(type: "character varying(200)", maxLength: 200, nullable: true),
                    given_name = table.Column<string>(type: "character varying(200)", maxLength: 200, nullable: true),
                    family_name = table.Column<string>(type: "character varying(200)", maxLength: 200, nullable: true),
                    document = table.Column<string>(type: "text", nullable: false),
                    was_pending = table.Column<bool>(type: "boolean", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    updated_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    deleted_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    version = table.Column<int>(type: "integer", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_directory_users", x => new { x.organization_id, x.id });
                    table.ForeignKey(
                        name: "fk_directory_users_organization_id_directory_id",
                        columns: x => new { x.organization_id, x.directory_id },
                        principalTable: "directories",
                        principalColumns: new[] { "organization_id", "id" },
                        onDelete: ReferentialAction.Cascade);
                    table.ForeignKey(
                        name: "fk_directory_users_organization_id_membership_id",
                        columns: x => new { x.organization_id, x.membership_id },
                        principalTable: "memberships",
                        principalColumns: new[] { "organization_id", "id" },
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "group_mappings",
                columns: table => new
                {
                    organization_id = table.Column<Guid>(type: "uuid", nullable: false),
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    directory_id = table.Column<Guid>(type: "uuid", nullable: false),
                    group_id = table.Column<Guid>(type: "uuid", nullable: true),
                    group_external_id = table.Column<string>(type: "character varying(500)", maxLength: 500, nullable: true),
                    group_name = table.Column<string>(type: "character varying(500)", maxLength: 500, nullable: false),
                    role_organization_id = table.Column<Guid>(type: "uuid", nullable: false),
                    role_id = table.Column<Guid>(type: "uuid", nullable: false),
                    workspace_id = table.Column<Guid>(type: "uuid", nullable: true),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_group_mappings", x => new { x.organization_id, x.id });
                    table.CheckConstraint("ck_group_mappings_owner", "role_organization_id = organization_id OR role_organization_id = '00000000-0000-0000-0000-000000000000'");
                    table.ForeignKey(
                        name: "fk_group_mappings_organization_id_directory_id",
                        columns: x => new { x.organization_id, x.directory_id },
                        principalTable: "directories",
                        principalColumns: new[] { "organization_id", "id" },
                        onDelete: ReferentialAction.Cascade);
                    table.ForeignKey(
                        name: "fk_group_mappings_organization_id_group_id",
                        columns: x => new { x.organization_id, x.group_id },
                        principalTable: "directory_groups",
                        principalColumns: new[] { "organization_id", "id" });
                    table.ForeignKey(
                        name: "fk_group_mappings_organization_id_workspace_id",
                        columns: x => new { x.organization_id, x.workspace_id },
                        principalTable: "workspaces",
                        principalColumns: new[] { "organization_id", "id" },
                        onDelete: ReferentialAction.Cascade);
                    table.ForeignKey(
                        name: "fk_group_mappings_role_organization_id_role_id",
                        columns: x => new { x.role_organization_id, x.role_id },
                        principalTable: "roles",
                        principalColumns: new[] { "organization_id", "id" },
                        onDelete: ReferentialAction.Restrict);
                });

            migrationBuilder.CreateTable(
                name: "directory_group_members",
                columns: table => new
                {
                    organization_id = table.Column<Guid>(type: "uuid", nullable: false),
                    group_id = table.Column<Guid>(type: "uuid", nullable: false),
                    directory_user_id = table.Column<Guid>(type: "uuid", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_directory_group_members", x => new { x.organization_id, x.group_id, x.directory_user_id });
                    table.ForeignKey(
                        name: "fk_directory_group_members_organization_id_directory_user_id",
                        columns: x => new { x.organization_id, x.directory_user_id },
                        principalTable: "directory_users",
                        principalColumns: new[] { "organization_id", "id" },
                        onDelete: ReferentialAction.Cascade);
                    table.ForeignKey(
                        name: "fk_directory_group_members_organization_id_group_id",
                        columns: x => new { x.organization_id, x.group_id },
                        principalTable: "directory_groups",
                        principalColumns: new[] { "organization_id", "id" },
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "directory_user_emails",
                columns: table => new
                {
                    organization_id = table.Column<Guid>(type: "uuid", nullable: false),
                    directory_user_id = table.Column<Guid>(type: "uuid", nullable: false),
                    value_key = table.Column<string>(type: "character varying(318)", maxLength: 318, nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_directory_user_emails", x => new { x.organization_id, x.directory_user_id, x.value_key });
                    table.ForeignKey(
                        name: "fk_directory_user_emails_organization_id_directory_user_id",
                        columns: x => new { x.organization_id, x.directory_user_id },
                        principalTable: "directory_users",
                        principalColumns: new[] { "organization_id", "id" },
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "ux_organization_domains_transfer",
                table: "organization_domains",
                column: "host",
                unique: true,
                filter: "transfer_at IS NOT NULL AND verified_at IS NULL");

            migrationBuilder.CreateIndex(
                name: "ix_directory_group_members_organization_id_directory_user_id",
                table: "directory_group_members",
                columns: new[] { "organization_id", "directory_user_id" });

            migrationBuilder.CreateIndex(
                name: "ux_directory_groups_organization_id_directory_id_external_id",
                table: "directory_groups",
                columns: new[] { "organization_id", "directory_id", "external_id" },
                unique: true,
                filter: "external_id IS NOT NULL");

            migrationBuilder.CreateIndex(
                name: "ux_directory_groups_organization_id_directory_id_name_key",
                table: "directory_groups",
                columns: new[] { "organization_id", "directory_id", "name_key" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_directory_log_at",
                table: "directory_log",
                column: "at");

            migrationBuilder.CreateIndex(
                name: "ix_directory_log_organization_id_directory_id_id",
                table: "directory_log",
                columns: new[] { "organization_id", "directory_id", "id" });

            migrationBuilder.CreateIndex(
                name: "ix_directory_log_organization_id_directory_id_resource_id_id",
                table: "directory_log",
                columns: new[] { "organization_id", "directory_id", "resource_id", "id" });

            migrationBuilder.CreateIndex(
                name: "ix_directory_tokens_organization_id_directory_id",
                table: "directory_tokens",
                columns: new[] { "organization_id", "directory_id" });

            migrationBuilder.CreateIndex(
                name: "ux_directory_tokens_id",
                table: "directory_tokens",
                column: "id",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_directory_user_emails_organization_id_value_key",
                table: "directory_user_emails",
                columns: new[] { "organization_id", "value_key" });

            migrationBuilder.CreateIndex(
                name: "ix_directory_users_deleted_external_id",
                table: "directory_users",
                columns: new[] { "organization_id", "directory_id", "external_id" },
                filter: "deleted_at IS NOT NULL");

            migrationBuilder.CreateIndex(
                name: "ix_directory_users_deleted_user_name",
                table: "directory_users",
                columns: new[] { "organization_id", "directory_id", "user_name_key" },
                filter: "deleted_at IS NOT NULL");

            migrationBuilder.CreateIndex(
                name: "ix_directory_users_list",
                table: "directory_users",
                columns: new[] { "organization_id", "directory_id", "id" },
                filter: "deleted_at IS NULL");

            migrationBuilder.CreateIndex(
                name: "ix_directory_users_organization_id_membership_id",
                table: "directory_users",
                columns: new[] { "organization_id", "membership_id" });

            migrationBuilder.CreateIndex(
                name: "ix_directory_users_primary_email",
                table: "directory_users",
                columns: new[] { "organization_id", "directory_id", "primary_email_key" });

            migrationBuilder.CreateIndex(
                name: "ux_directory_users_organization_id_directory_id_external_id",
                table: "directory_users",
                columns: new[] { "organization_id", "directory_id", "external_id" },
                unique: true,
                filter: "deleted_at IS NULL AND external_id IS NOT NULL");

            migrationBuilder.CreateIndex(
                name: "ux_directory_users_organization_id_directory_id_user_name_key",
                table: "directory_users",
                columns: new[] { "organization_id", "directory_id", "user_name_key" },
                unique: true,
                filter: "deleted_at IS NULL");

            migrationBuilder.CreateIndex(
                name: "ix_domain_connections_organization_id_connection_id",
                table: "domain_connections",
                columns: new[] { "organization_id", "connection_id" });

            migrationBuilder.CreateIndex(
                name: "ix_domain_proof_attempts_organization_id_domain_id_id",
                table: "domain_proof_attempts",
                columns: new[] { "organization_id", "domain_id", "id" });

            migrationBuilder.CreateIndex(
                name: "ix_domain_watches_due",
                table: "domain_watches",
                column: "next_check_at",
                filter: "next_check_at IS NOT NULL");

            migrationBuilder.CreateIndex(
                name: "ix_group_mappings_group_external_id",
                table: "group_mappings",
                columns: new[] { "organization_id", "directory_id", "group_external_id" });

            migrationBuilder.CreateIndex(
                name: "ix_group_mappings_organization_id_workspace_id",
                table: "group_mappings",
                columns: new[] { "organization_id", "workspace_id" });

            migrationBuilder.CreateIndex(
                name: "ix_group_mappings_role_organization_id_role_id",
                table: "group_mappings",
                columns: new[] { "role_organization_id", "role_id" });

            migrationBuilder.CreateIndex(
                name: "ux_group_mappings_organization_id_group_id_role_id_workspace_id",
                table: "group_mappings",
                columns: new[] { "organization_id", "group_id", "role_id", "workspace_id" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ux_group_mappings_organization_role",
                table: "group_mappings",
                columns: new[] { "organization_id", "group_id", "role_id" },
                unique: true,
                filter: "workspace_id IS NULL");

            migrationBuilder.CreateIndex(
                name: "ix_invitations_ended_at",
                table: "invitations",
                column: "ended_at",
                filter: "ended_at IS NOT NULL");

            migrationBuilder.CreateIndex(
                name: "ix_invitations_expires_at",
                table: "invitations",
                column: "expires_at",
                filter: "status = 'Pending'");

            migrationBuilder.CreateIndex(
                name: "ux_invitations_organization_id_normalized",
                table: "invitations",
                columns: new[] { "organization_id", "normalized" },
                unique: true,
                filter: "status = 'Pending'");

            migrationBuilder.CreateIndex(
                name: "ix_join_requests_user_id",
                table: "join_requests",
                column: "user_id");

            migrationBuilder.CreateIndex(
                name: "ux_join_requests_organization_id_user_id",
                table: "join_requests",
                columns: new[] { "organization_id", "user_id" },
                unique: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "directory_group_members");

            migrationBuilder.DropTable(
                name: "directory_log");

            migrationBuilder.DropTable(
                name: "directory_tokens");

            migrationBuilder.DropTable(
                name: "directory_user_emails");

            migrationBuilder.DropTable(
                name: "domain_connections");

            migrationBuilder.DropTable(
                name: "domain_proof_attempts");

            migrationBuilder.DropTable(
                name: "domain_watches");

            migrationBuilder.DropTable(
                name: "group_mappings");

            migrationBuilder.DropTable(
                name: "invitations");

            migrationBuilder.DropTable(
                name: "join_requests");

            migrationBuilder.DropTable(
                name: "directory_users");

            migrationBuilder.DropTable(
                name: "directory_groups");

            migrationBuilder.DropTable(
                name: "directories");

            migrationBuilder.DropIndex(
                name: "ux_organization_domains_transfer",
                table: "organization_domains");

            migrationBuilder.DropColumn(
                name: "allow_different_email",
                table: "organizations");

            migrationBuilder.DropColumn(
                name: "membership_domain_list",
                table: "organizations");

            migrationBuilder.DropColumn(
                name: "membership_domains",
                table: "organizations");

            migrationBuilder.DropColumn(
                name: "ownerless_since",
                table: "organizations");

            migrationBuilder.DropColumn(
                name: "sso",
                table: "organizations");

            migrationBuilder.DropColumn(
                name: "assignment",
                table: "organization_domains");

            migrationBuilder.DropColumn(
                name: "at_risk_at",
                table: "organization_domains");

            migrationBuilder.DropColumn(
                name: "default_role_key",
                table: "organization_domains");

            migrationBuilder.DropColumn(
                name: "failed_at",
                table: "organization_domains");

            migrationBuilder.DropColumn(
                name: "lapsed_at",
                table: "organization_domains");

            migrationBuilder.DropColumn(
                name: "transfer_at",
                table: "organization_domains");

            migrationBuilder.DropColumn(
                name: "transferred_at",
                table: "organization_domains");

            migrationBuilder.DropColumn(
                name: "is_name_of_directory",
                table: "memberships");
        }
    }
}
