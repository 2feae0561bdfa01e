using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace TenantIdP.Storage.Migrations.PostgreSql
{
    /// <inheritdoc />
    public partial class DirectoryGroups : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
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
                name: "ix_group_mappings_organization_id_directory_id_group_external_id",
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
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "directory_group_members");

            migrationBuilder.DropTable(
                name: "group_mappings");

            migrationBuilder.DropTable(
                name: "directory_groups");
        }
    }
}
