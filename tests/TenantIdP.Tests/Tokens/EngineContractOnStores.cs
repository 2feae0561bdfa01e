using TenantIdP.Testing.Hosting;
using Xunit;

namespace TenantIdP.Tests.Tokens;

[Collection(SqliteHost.Name)]
public sealed class EngineContractOnSqlite(SqliteIdp idp) : EngineContract(idp);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class EngineContractOnPostgreSql(PostgreSqlIdp idp) : EngineContract(idp);

[Collection(SqliteHost.Name)]
public sealed class EngineRefreshContractOnSqlite(SqliteIdp idp) : EngineRefreshContract(idp);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class EngineRefreshContractOnPostgreSql(PostgreSqlIdp idp) : EngineRefreshContract(idp);
