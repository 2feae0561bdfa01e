using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace TenantIdP.Storage.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class RoleHierarchy : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "assignable_by",
                table: "roles",
                type: "TEXT",
                nullable: false,
                defaultValue: "[]");

            migrationBuilder.AddColumn<string>(
                name: "built_in_base",
                table: "roles",
                type: "TEXT",
                maxLength: 63,
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "extends",
                table: "roles",
                type: "TEXT",
                maxLength: 63,
                nullable: true);

            migrationBuilder.AddColumn<Guid>(
                name: "extends_id",
                table: "roles",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<Guid>(
                name: "extends_organization_id",
                table: "roles",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "own_permissions",
                table: "roles",
                type: "TEXT",
                nullable: false,
                defaultValue: "[]");

            migrationBuilder.AddColumn<string>(
                name: "withheld",
                table: "roles",
                type: "TEXT",
                nullable: false,
                defaultValue: "[]");

            migrationBuilder.CreateIndex(
                name: "ix_roles_extends_organization_id_extends_id",
                table: "roles",
                columns: new[] { "extends_organization_id", "extends_id" });

            migrationBuilder.AddCheckConstraint(
                name: "ck_roles_extends",
                table: "roles",
                sql: "extends_organization_id = organization_id OR extends_organization_id = '00000000-0000-0000-0000-000000000000'");

            migrationBuilder.AddForeignKey(
                name: "fk_roles_extends_organization_id_extends_id",
                table: "roles",
                columns: new[] { "extends_organization_id", "extends_id" },
                principalTable: "roles",
                principalColumns: new[] { "organization_id", "id" });

            // Until now a role permitted what it named itself.
            migrationBuilder.Sql("UPDATE roles SET own_permissions = permissions;");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropForeignKey(
                name: "fk_roles_extends_organization_id_extends_id",
                table: "roles");

            migrationBuilder.DropIndex(
                name: "ix_roles_extends_organization_id_extends_id",
                table: "roles");

            migrationBuilder.DropCheckConstraint(
                name: "ck_roles_extends",
                table: "roles");

            migrationBuilder.DropColumn(
                name: "assignable_by",
                table: "roles");

            migrationBuilder.DropColumn(
                name: "built_in_base",
                table: "roles");

            migrationBuilder.DropColumn(
                name: "extends",
                table: "roles");

            migrationBuilder.DropColumn(
                name: "extends_id",
                table: "roles");

            migrationBuilder.DropColumn(
                name: "extends_organization_id",
                table: "roles");

            migrationBuilder.DropColumn(
                name: "own_permissions",
                table: "roles");

            migrationBuilder.DropColumn(
                name: "withheld",
                table: "roles");
        }
    }
}
