using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace TenantIdP.Storage.Migrations.PostgreSql
{
    /// <inheritdoc />
    public partial class DirectoryUsers : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "ownerless_since",
                table: "organizations",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<bool>(
                name: "is_name_of_directory",
                table: "memberships",
                type: "boolean",
                nullable: false,
                defaultValue: false);

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
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "directory_user_emails");

            migrationBuilder.DropTable(
                name: "directory_users");

            migrationBuilder.DropColumn(
                name: "ownerless_since",
                table: "organizations");

            migrationBuilder.DropColumn(
                name: "is_name_of_directory",
                table: "memberships");
        }
    }
}
