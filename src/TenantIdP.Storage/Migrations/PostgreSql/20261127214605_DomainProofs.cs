using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace TenantIdP.Storage.Migrations.PostgreSql
{
    /// <inheritdoc />
    public partial class DomainProofs : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "at_risk_at",
                table: "organization_domains",
                type: "timestamp with time zone",
                nullable: true);

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

            migrationBuilder.CreateIndex(
                name: "ux_organization_domains_transfer",
                table: "organization_domains",
                column: "host",
                unique: true,
                filter: "transfer_at IS NOT NULL AND verified_at IS NULL");

            migrationBuilder.CreateIndex(
                name: "ix_domain_proof_attempts_organization_id_domain_id_id",
                table: "domain_proof_attempts",
                columns: new[] { "organization_id", "domain_id", "id" });

            migrationBuilder.CreateIndex(
                name: "ix_domain_watches_due",
                table: "domain_watches",
                column: "next_check_at",
                filter: "next_check_at IS NOT NULL");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "domain_proof_attempts");

            migrationBuilder.DropTable(
                name: "domain_watches");

            migrationBuilder.DropIndex(
                name: "ux_organization_domains_transfer",
                table: "organization_domains");

            migrationBuilder.DropColumn(
                name: "at_risk_at",
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
        }
    }
}
