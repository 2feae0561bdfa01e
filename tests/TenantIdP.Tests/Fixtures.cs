using TenantIdP.Testing.Hosting;
using Xunit;

namespace TenantIdP.Tests;

/// <summary>One host per store for the whole run: tests make their own organizations, people and host names.</summary>
[CollectionDefinition(Name)]
public sealed class SqliteHost : ICollectionFixture<SqliteIdp>
{
    public const string Name = "sqlite host";
}

[CollectionDefinition(Name)]
public sealed class PostgreSqlHost : ICollectionFixture<PostgreSqlIdp>
{
    public const string Name = "postgresql host";
}
