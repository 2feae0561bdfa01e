using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace TenantIdP.Storage.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class OrganizationPolicies : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<bool>(
                name: "exclusive_membership",
                table: "organizations",
                type: "INTEGER",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AddColumn<int>(
                name: "member_limit",
                table: "organizations",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.CreateTable(
                name: "organization_slugs",
                columns: table => new
                {
                    slug = table.Column<string>(type: "TEXT", maxLength: 63, nullable: false),
                    organization_id = table.Column<Guid>(type: "TEXT", nullable: false),
                    until = table.Column<long>(type: "INTEGER", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_organization_slugs", x => x.slug);
                    table.ForeignKey(
                        name: "fk_organization_slugs_organization_id",
                        column: x => x.organization_id,
                        principalTable: "organizations",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "ix_organization_slugs_organization_id",
                table: "organization_slugs",
                column: "organization_id");

            migrationBuilder.CreateIndex(
                name: "ix_organization_slugs_until",
                table: "organization_slugs",
                column: "until",
                filter: "until IS NOT NULL");

            // Until now an organization had the slug that it has, and no other.
            migrationBuilder.Sql("INSERT INTO organization_slugs (slug, organization_id) SELECT slug, id FROM organizations;");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "organization_slugs");

            migrationBuilder.DropColumn(
                name: "exclusive_membership",
                table: "organizations");

            migrationBuilder.DropColumn(
                name: "member_limit",
                table: "organizations");
        }
    }
}
