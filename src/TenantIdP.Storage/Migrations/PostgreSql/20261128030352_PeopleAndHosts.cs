using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace TenantIdP.Storage.Migrations.PostgreSql
{
    /// <inheritdoc />
    public partial class PeopleAndHosts : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "affiliated_at",
                table: "organization_domains",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.CreateTable(
                name: "domain_affiliation_codes",
                columns: table => new
                {
                    organization_id = table.Column<Guid>(type: "uuid", nullable: false),
                    domain_id = table.Column<Guid>(type: "uuid", nullable: false),
                    code_hash = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    expires_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_domain_affiliation_codes", x => new { x.organization_id, x.domain_id });
                    table.ForeignKey(
                        name: "fk_domain_affiliation_codes_organization_id_domain_id",
                        columns: x => new { x.organization_id, x.domain_id },
                        principalTable: "organization_domains",
                        principalColumns: new[] { "organization_id", "id" },
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "host_holders",
                columns: table => new
                {
                    host = table.Column<string>(type: "character varying(253)", maxLength: 253, nullable: false),
                    holder_id = table.Column<Guid>(type: "uuid", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_host_holders", x => new { x.host, x.holder_id });
                });

            migrationBuilder.CreateTable(
                name: "mailed_codes",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    user_id = table.Column<Guid>(type: "uuid", nullable: true),
                    purpose = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false),
                    address_key = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    browser_hash = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    code_hash = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    failed_count = table.Column<int>(type: "integer", nullable: false),
                    expires_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    proven_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    used_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_mailed_codes", x => x.id);
                    table.ForeignKey(
                        name: "fk_mailed_codes_user_id",
                        column: x => x.user_id,
                        principalTable: "users",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "ix_organization_domains_affiliated",
                table: "organization_domains",
                column: "host",
                filter: "affiliated_at IS NOT NULL");

            migrationBuilder.CreateIndex(
                name: "ix_domain_affiliation_codes_expires_at",
                table: "domain_affiliation_codes",
                column: "expires_at");

            migrationBuilder.CreateIndex(
                name: "ix_mailed_codes_address_key",
                table: "mailed_codes",
                column: "address_key");

            migrationBuilder.CreateIndex(
                name: "ix_mailed_codes_expires_at",
                table: "mailed_codes",
                column: "expires_at");

            migrationBuilder.CreateIndex(
                name: "ix_mailed_codes_user_id",
                table: "mailed_codes",
                column: "user_id");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "domain_affiliation_codes");

            migrationBuilder.DropTable(
                name: "host_holders");

            migrationBuilder.DropTable(
                name: "mailed_codes");

            migrationBuilder.DropIndex(
                name: "ix_organization_domains_affiliated",
                table: "organization_domains");

            migrationBuilder.DropColumn(
                name: "affiliated_at",
                table: "organization_domains");
        }
    }
}
