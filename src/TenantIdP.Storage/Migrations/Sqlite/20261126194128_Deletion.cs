using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace TenantIdP.Storage.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class Deletion : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<long>(
                name: "purge_after",
                table: "organizations",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.AddColumn<bool>(
                name: "was_suspended",
                table: "organizations",
                type: "INTEGER",
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
