using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace TenantIdP.Storage.Migrations.PostgreSql
{
    /// <inheritdoc />
    public partial class Deletion : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "purge_after",
                table: "organizations",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<bool>(
                name: "was_suspended",
                table: "organizations",
                type: "boolean",
                nullable: false,
                defaultValue: false);

            migrationBuilder.CreateIndex(
                name: "ix_organizations_purge_after",
                table: "organizations",
                column: "purge_after",
                filter: "purge_after IS NOT NULL");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ix_organizations_purge_after",
                table: "organizations");

            migrationBuilder.DropColumn(
                name: "purge_after",
                table: "organizations");

            migrationBuilder.DropColumn(
                name: "was_suspended",
                table: "organizations");
        }
    }
}
