using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace TenantIdP.Storage.Migrations.PostgreSql
{
    /// <inheritdoc />
    public partial class Management : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AlterColumn<string>(
                name: "normalized",
                table: "user_emails",
                type: "character varying(318)",
                maxLength: 318,
                nullable: false,
                collation: "C",
                oldClrType: typeof(string),
                oldType: "character varying(318)",
                oldMaxLength: 318);

            migrationBuilder.AddColumn<bool>(
                name: "directory_authoritative",
                table: "organizations",
                type: "boolean",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AddColumn<string>(
                name: "name_key",
                table: "organizations",
                type: "character varying(200)",
                maxLength: 200,
                nullable: false,
                defaultValue: "",
                collation: "C");

            migrationBuilder.AddColumn<Guid>(
                name: "role_set_id",
                table: "organizations",
                type: "uuid",
                nullable: true);

            migrationBuilder.CreateTable(
                name: "role_sets",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    display_name = table.Column<string>(type: "character varying(200)", maxLength: 200, nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    updated_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    version = table.Column<int>(type: "integer", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_role_sets", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "tallies",
                columns: table => new
                {
                    name = table.Column<string>(type: "character varying(160)", maxLength: 160, nullable: false),
                    count = table.Column<int>(type: "integer", nullable: false),
                    expires_at = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_tallies", x => x.name);
                });

            migrationBuilder.CreateTable(
                name: "role_set_roles",
                columns: table => new
                {
                    role_set_id = table.Column<Guid>(type: "uuid", nullable: false),
                    role_id = table.Column<Guid>(type: "uuid", nullable: false),
                    role_organization_id = table.Column<Guid>(type: "uuid", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_role_set_roles", x => new { x.role_set_id, x.role_id });
                    table.CheckConstraint("ck_role_set_roles_owner", "role_organization_id = '00000000-0000-0000-0000-000000000000'");
                    table.ForeignKey(
                        name: "fk_role_set_roles_role_organization_id_role_id",
                        columns: x => new { x.role_organization_id, x.role_id },
                        principalTable: "roles",
                        principalColumns: new[] { "organization_id", "id" },
                        onDelete: ReferentialAction.Cascade);
                    table.ForeignKey(
                        name: "fk_role_set_roles_role_set_id",
                        column: x => x.role_set_id,
                        principalTable: "role_sets",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "ix_users_merged_into",
                table: "users",
                column: "merged_into",
                filter: "merged_into IS NOT NULL");

            migrationBuilder.CreateIndex(
                name: "ix_sessions_ended_at",
                table: "sessions",
                column: "ended_at",
                filter: "ended_at IS NOT NULL");

            migrationBuilder.CreateIndex(
                name: "ix_sessions_expires_at",
                table: "sessions",
                column: "expires_at");

            migrationBuilder.CreateIndex(
                name: "ix_organizations_name_key_id",
                table: "organizations",
                columns: new[] { "name_key", "id" });

            migrationBuilder.CreateIndex(
                name: "ix_organizations_role_set_id",
                table: "organizations",
                column: "role_set_id");

            migrationBuilder.CreateIndex(
                name: "ix_role_set_roles_role_organization_id_role_id",
                table: "role_set_roles",
                columns: new[] { "role_organization_id", "role_id" });

            migrationBuilder.CreateIndex(
                name: "ix_tallies_expires_at",
                table: "tallies",
                column: "expires_at");

            migrationBuilder.AddForeignKey(
                name: "fk_organizations_role_set_id",
                table: "organizations",
                column: "role_set_id",
                principalTable: "role_sets",
                principalColumn: "id",
                onDelete: ReferentialAction.Restrict);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropForeignKey(
                name: "fk_organizations_role_set_id",
                table: "organizations");

            migrationBuilder.DropTable(
                name: "role_set_roles");

            migrationBuilder.DropTable(
                name: "tallies");

            migrationBuilder.DropTable(
                name: "role_sets");

            migrationBuilder.DropIndex(
                name: "ix_users_merged_into",
                table: "users");

            migrationBuilder.DropIndex(
                name: "ix_sessions_ended_at",
                table: "sessions");

            migrationBuilder.DropIndex(
                name: "ix_sessions_expires_at",
                table: "sessions");

            migrationBuilder.DropIndex(
                name: "ix_organizations_name_key_id",
                table: "organizations");

            migrationBuilder.DropIndex(
                name: "ix_organizations_role_set_id",
                table: "organizations");

            migrationBuilder.DropColumn(
                name: "directory_authoritative",
                table: "organizations");

            migrationBuilder.DropColumn(
                name: "name_key",
                table: "organizations");

            migrationBuilder.DropColumn(
                name: "role_set_id",
                table: "organizations");

            migrationBuilder.AlterColumn<string>(
                name: "normalized",
                table: "user_emails",
                type: "character varying(318)",
                maxLength: 318,
                nullable: false,
                oldClrType: typeof(string),
                oldType: "character varying(318)",
                oldMaxLength: 318,
                oldCollation: "C");
        }
    }
}
