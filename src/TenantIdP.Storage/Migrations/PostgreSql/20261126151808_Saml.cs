using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace TenantIdP.Storage.Migrations.PostgreSql
{
    /// <inheritdoc />
    public partial class Saml : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AlterColumn<string>(
                name: "issuer",
                table: "user_identities",
                type: "character varying(1024)",
                maxLength: 1024,
                nullable: false,
                oldClrType: typeof(string),
                oldType: "character varying(512)",
                oldMaxLength: 512);

            migrationBuilder.AlterColumn<string>(
                name: "issuer",
                table: "connections",
                type: "character varying(1024)",
                maxLength: 1024,
                nullable: false,
                oldClrType: typeof(string),
                oldType: "character varying(512)",
                oldMaxLength: 512);

            migrationBuilder.AddColumn<string>(
                name: "saml",
                table: "connections",
                type: "text",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "sso_roles",
                table: "connections",
                type: "text",
                nullable: true);

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "tested_at",
                table: "connections",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "untested_reason",
                table: "connections",
                type: "character varying(200)",
                maxLength: 200,
                nullable: true);

            migrationBuilder.CreateTable(
                name: "acs_aliases",
                columns: table => new
                {
                    organization_id = table.Column<Guid>(type: "uuid", nullable: false),
                    connection_id = table.Column<Guid>(type: "uuid", nullable: false),
                    url = table.Column<string>(type: "character varying(512)", maxLength: 512, nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_acs_aliases", x => new { x.organization_id, x.connection_id, x.url });
                    table.ForeignKey(
                        name: "fk_acs_aliases_organization_id_connection_id",
                        columns: x => new { x.organization_id, x.connection_id },
                        principalTable: "connections",
                        principalColumns: new[] { "organization_id", "id" },
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "connection_certificates",
                columns: table => new
                {
                    organization_id = table.Column<Guid>(type: "uuid", nullable: false),
                    connection_id = table.Column<Guid>(type: "uuid", nullable: false),
                    thumbprint = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    der = table.Column<string>(type: "text", nullable: false),
                    subject = table.Column<string>(type: "character varying(200)", maxLength: 200, nullable: false),
                    not_before = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    not_after = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    source = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false),
                    added_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    warned_days = table.Column<int>(type: "integer", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_connection_certificates", x => new { x.organization_id, x.connection_id, x.thumbprint });
                    table.ForeignKey(
                        name: "fk_connection_certificates_organization_id_connection_id",
                        columns: x => new { x.organization_id, x.connection_id },
                        principalTable: "connections",
                        principalColumns: new[] { "organization_id", "id" },
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "leases",
                columns: table => new
                {
                    name = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    holder = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    expires_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    done_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_leases", x => x.name);
                });

            migrationBuilder.CreateTable(
                name: "received_assertions",
                columns: table => new
                {
                    organization_id = table.Column<Guid>(type: "uuid", nullable: false),
                    connection_id = table.Column<Guid>(type: "uuid", nullable: false),
                    assertion_hash = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    expires_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    handle_hash = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: true),
                    sealed_result = table.Column<string>(type: "text", nullable: true),
                    result_expires_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_received_assertions", x => new { x.organization_id, x.connection_id, x.assertion_hash });
                    table.ForeignKey(
                        name: "fk_received_assertions_organization_id_connection_id",
                        columns: x => new { x.organization_id, x.connection_id },
                        principalTable: "connections",
                        principalColumns: new[] { "organization_id", "id" },
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "service_provider_keys",
                columns: table => new
                {
                    organization_id = table.Column<Guid>(type: "uuid", nullable: false),
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    connection_id = table.Column<Guid>(type: "uuid", nullable: true),
                    use = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false),
                    sealed_key = table.Column<string>(type: "text", nullable: false),
                    certificate = table.Column<string>(type: "text", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    activates_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    not_after = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    retires_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_service_provider_keys", x => new { x.organization_id, x.id });
                    table.ForeignKey(
                        name: "fk_service_provider_keys_organization_id_connection_id",
                        columns: x => new { x.organization_id, x.connection_id },
                        principalTable: "connections",
                        principalColumns: new[] { "organization_id", "id" },
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "sign_in_traces",
                columns: table => new
                {
                    organization_id = table.Column<Guid>(type: "uuid", nullable: false),
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    connection_id = table.Column<Guid>(type: "uuid", nullable: false),
                    trace_id = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    outcome = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false),
                    code = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    summary = table.Column<string>(type: "character varying(1024)", maxLength: 1024, nullable: false),
                    occurred_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    expires_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    steps = table.Column<string>(type: "text", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_sign_in_traces", x => new { x.organization_id, x.id });
                    table.ForeignKey(
                        name: "fk_sign_in_traces_organization_id",
                        column: x => x.organization_id,
                        principalTable: "organizations",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "upstream_sessions",
                columns: table => new
                {
                    organization_id = table.Column<Guid>(type: "uuid", nullable: false),
                    connection_id = table.Column<Guid>(type: "uuid", nullable: false),
                    session_id = table.Column<Guid>(type: "uuid", nullable: false),
                    name_id_hash = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    sealed_name_id = table.Column<string>(type: "text", nullable: false),
                    session_index = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_upstream_sessions", x => new { x.organization_id, x.connection_id, x.session_id });
                    table.ForeignKey(
                        name: "fk_upstream_sessions_organization_id_connection_id",
                        columns: x => new { x.organization_id, x.connection_id },
                        principalTable: "connections",
                        principalColumns: new[] { "organization_id", "id" },
                        onDelete: ReferentialAction.Cascade);
                    table.ForeignKey(
                        name: "fk_upstream_sessions_session_id",
                        column: x => x.session_id,
                        principalTable: "sessions",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "ux_acs_aliases_url",
                table: "acs_aliases",
                column: "url",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_connection_certificates_not_after",
                table: "connection_certificates",
                column: "not_after");

            migrationBuilder.CreateIndex(
                name: "ix_received_assertions_expires_at",
                table: "received_assertions",
                column: "expires_at");

            migrationBuilder.CreateIndex(
                name: "ux_received_assertions_handle_hash",
                table: "received_assertions",
                column: "handle_hash",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_service_provider_keys_organization_id_connection_id",
                table: "service_provider_keys",
                columns: new[] { "organization_id", "connection_id" });

            migrationBuilder.CreateIndex(
                name: "ix_sign_in_traces_expires_at",
                table: "sign_in_traces",
                column: "expires_at");

            migrationBuilder.CreateIndex(
                name: "ix_sign_in_traces_organization_id_connection_id_id",
                table: "sign_in_traces",
                columns: new[] { "organization_id", "connection_id", "id" });

            migrationBuilder.CreateIndex(
                name: "ix_sign_in_traces_trace_id",
                table: "sign_in_traces",
                column: "trace_id");

            migrationBuilder.CreateIndex(
                name: "ix_upstream_sessions_connection_id_name_id_hash",
                table: "upstream_sessions",
                columns: new[] { "connection_id", "name_id_hash" });

            migrationBuilder.CreateIndex(
                name: "ix_upstream_sessions_session_id",
                table: "upstream_sessions",
                column: "session_id");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "acs_aliases");

            migrationBuilder.DropTable(
                name: "connection_certificates");

            migrationBuilder.DropTable(
                name: "leases");

            migrationBuilder.DropTable(
                name: "received_assertions");

            migrationBuilder.DropTable(
                name: "service_provider_keys");

            migrationBuilder.DropTable(
                name: "sign_in_traces");

            migrationBuilder.DropTable(
                name: "upstream_sessions");

            migrationBuilder.DropColumn(
                name: "saml",
                table: "connections");

            migrationBuilder.DropColumn(
                name: "sso_roles",
                table: "connections");

            migrationBuilder.DropColumn(
                name: "tested_at",
                table: "connections");

            migrationBuilder.DropColumn(
                name: "untested_reason",
                table: "connections");

            migrationBuilder.AlterColumn<string>(
                name: "issuer",
                table: "user_identities",
                type: "character varying(512)",
                maxLength: 512,
                nullable: false,
                oldClrType: typeof(string),
                oldType: "character varying(1024)",
                oldMaxLength: 1024);

            migrationBuilder.AlterColumn<string>(
                name: "issuer",
                table: "connections",
                type: "character varying(512)",
                maxLength: 512,
                nullable: false,
                oldClrType: typeof(string),
                oldType: "character varying(1024)",
                oldMaxLength: 1024);
        }
    }
}
