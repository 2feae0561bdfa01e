using TenantIdP.Testing.Stores;

[assembly: Xunit.AssemblyFixture(typeof(PostgreSqlCluster))]
