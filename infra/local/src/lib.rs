pub mod bedrock;
